import { ByteWriter } from '@zookafka/base';
import { type Request, writeRequestFrame } from '@zookafka/zookeeper-wire';

const headBytes = 4;

/** Writes requests as frames: one alone, or several of them for one write. */
export class FrameWriter {
  private readonly requestBytesMax: number;
  private readonly writer = new ByteWriter();

  /** @param requestBytesMax the longest frame that a server takes, without its length */
  constructor(requestBytesMax: number) {
    this.requestBytesMax = requestBytesMax;
  }

  /** @returns one frame, whatever its length; not to be called between `begin` and `take` */
  whole(xid: number, request: Request): Uint8Array {
    this.writer.reset();
    writeRequestFrame(this.writer, xid, request);
    return this.writer.copy();
  }

  begin(): void {
    this.writer.reset();
  }

  /** @returns false, and nothing is added, when the frame is longer than a server takes */
  add(xid: number, request: Request): boolean {
    const start = this.writer.length;
    writeRequestFrame(this.writer, xid, request);
    if (this.writer.length - start - headBytes <= this.requestBytesMax) return true;
    const kept = this.writer.view().slice(0, start);
    this.writer.reset();
    this.writer.raw(kept);
    return false;
  }

  /** @returns all frames since `begin`, or undefined when there are none */
  take(): Uint8Array | undefined {
    return this.writer.length === 0 ? undefined : this.writer.copy();
  }
}
