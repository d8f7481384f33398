const lengthBytes = 4;

/** Cuts what a socket brings into Kafka's frames: a length of four bytes, then as many bytes. */
export class Frames {
  private readonly bytesMax: number;
  private held: Uint8Array[] = [];
  private heldBytes = 0;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  /**
   * @returns the frames that are complete now, without their lengths
   * @throws {RangeError} when a length is negative or over the bound: the connection is of no use then
   */
  push(bytes: Uint8Array): readonly Uint8Array[] {
    this.held.push(bytes);
    this.heldBytes += bytes.length;
    const frames: Uint8Array[] = [];
    for (let frame = this.take(); frame !== undefined; frame = this.take()) frames.push(frame);
    return frames;
  }

  private take(): Uint8Array | undefined {
    if (this.heldBytes < lengthBytes) return undefined;
    if ((this.held[0] as Uint8Array).length < lengthBytes) this.join();
    const first = this.held[0] as Uint8Array;
    const length = Buffer.from(first.buffer, first.byteOffset, lengthBytes).readInt32BE();
    if (length < 0 || length > this.bytesMax) {
      throw new RangeError(
        `Cannot read a frame of ${length} bytes: at most ${this.bytesMax} are taken`,
      );
    }
    const end = lengthBytes + length;
    if (this.heldBytes < end) return undefined;
    if (first.length < end) this.join();
    const whole = this.held[0] as Uint8Array;
    this.heldBytes -= end;
    if (whole.length === end) this.held.shift();
    else this.held[0] = whole.subarray(end);
    return whole.subarray(lengthBytes, end);
  }

  private join(): void {
    this.held = [Buffer.concat(this.held)];
  }
}
