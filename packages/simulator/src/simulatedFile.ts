import { type Prng } from '@zookafka/base';

/** What a disk writes whole or not at all. */
export const sectorBytes = 512;

/** What a truncation took away from the durable content, until a sync confirms it. */
interface Undo {
  readonly size: number;
  readonly tail: Uint8Array;
}

/**
 * The content of one file, and how much of it a power cut would leave.
 *
 * Files are only appended to and truncated, so the durable content is a prefix of the content, or what a
 * truncation that was never synced gives back.
 */
export class SimulatedFile {
  size = 0;
  private bytes = new Uint8Array(0);
  /** How many of the first bytes survive a power cut, when no truncation is pending. */
  private sizeSynced = 0;
  private undo: Undo | undefined;

  append(chunk: Uint8Array): void {
    const end = this.size + chunk.length;
    if (end > this.bytes.length) {
      const grown = new Uint8Array(Math.max(end, this.bytes.length * 2, 1024));
      grown.set(this.bytes.subarray(0, this.size));
      this.bytes = grown;
    }
    this.bytes.set(chunk, this.size);
    this.size = end;
  }

  /** A copy: what a caller was given never changes under it. */
  read(position: number, length: number): Uint8Array {
    return this.bytes.slice(position, Math.max(position, Math.min(position + length, this.size)));
  }

  truncate(size: number): void {
    if (size < this.sizeSynced) {
      const taken = this.bytes.slice(size, this.sizeSynced);
      this.undo = { size, tail: this.undo === undefined ? taken : joined(taken, this.undo.tail) };
      this.sizeSynced = size;
    }
    // Growing fills with zeros, as `ftruncate` does.
    if (size > this.size) this.append(new Uint8Array(size - this.size));
    this.size = size;
  }

  sync(): void {
    this.sizeSynced = this.size;
    this.undo = undefined;
  }

  /** Keeps a prefix of what was not synced, torn at a sector; or takes back an unsynced truncation. */
  powerCut(prng: Prng): void {
    if (this.undo !== undefined && prng.chance(500)) {
      this.size = this.undo.size;
      this.append(this.undo.tail);
    } else if (this.size > this.sizeSynced) {
      this.size = cutPoint(prng, this.sizeSynced, this.size);
    }
    this.sync();
  }
}

/** @returns `start`, `end`, or a sector's border between them */
function cutPoint(prng: Prng, start: number, end: number): number {
  const first = Math.floor(start / sectorBytes) + 1;
  const last = Math.ceil(end / sectorBytes) - 1;
  const borders = Math.max(0, last - first + 1);
  const draw = prng.below(borders + 2);
  if (draw === 0) return start;
  return draw > borders ? end : (first + draw - 1) * sectorBytes;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const all = new Uint8Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return all;
}
