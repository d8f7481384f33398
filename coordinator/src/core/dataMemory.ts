/** Part of the memory of one tree: the data of some nodes, one behind the other, and what nobody has any more. */
interface DataChunk {
  readonly bytes: Uint8Array;
  /** Up to here it is given out. */
  at: number;
  /** Of that, what nodes still have. */
  liveBytes: number;
  /** Whoever was given a part of it. */
  readonly holders: DataHolder[];
}

/** What has data: a znode. */
export interface DataHolder {
  data: Uint8Array | null;
  /** Where the data lies; null where it has an array of its own, or there is none. */
  chunk: DataChunk | null;
}

const chunkBytes = 8 << 10;
/** Longer data gets an array of its own. */
const sharedBytesMax = chunkBytes >> 3;
/** A chunk of which less is left is given up: what is left moves. */
const liveBytesMin = chunkBytes >> 2;

/**
 * The data of znodes. A request's data is a view of whatever it came in, and would keep all of that alive; an array of its
 * own costs four times as much as the copy, at each member. So small data share chunks, which hold no more than four times what is alive.
 *
 * What was given out is never overwritten: answers and snapshots may hold views of it.
 */
export class DataMemory {
  private chunk = newChunk();

  /** Gives a holder a copy of `data` in place of what it had. */
  put(holder: DataHolder, data: Uint8Array | null): void {
    this.release(holder);
    this.place(holder, data);
  }

  /** The holder goes: what it had counts no more. It may still be read. */
  release(holder: DataHolder): void {
    const { chunk, data } = holder;
    if (chunk === null || data === null) return;
    holder.chunk = null;
    chunk.liveBytes -= data.length;
    if (chunk !== this.chunk && chunk.liveBytes < liveBytesMin) this.giveUp(chunk);
  }

  private place(holder: DataHolder, data: Uint8Array | null): void {
    if (data === null || data.length === 0) {
      holder.data = data === null ? null : empty;
      return;
    }
    const { length } = data;
    if (length > sharedBytesMax) {
      holder.data = data.slice();
      return;
    }
    if (this.chunk.at + length > chunkBytes) this.beginChunk();
    const { chunk } = this;
    const copy = chunk.bytes.subarray(chunk.at, chunk.at + length);
    copy.set(data);
    chunk.at += length;
    chunk.liveBytes += length;
    chunk.holders.push(holder);
    holder.data = copy;
    holder.chunk = chunk;
  }

  private beginChunk(): void {
    const full = this.chunk;
    this.chunk = newChunk();
    if (full.liveBytes < liveBytesMin) this.giveUp(full);
  }

  private giveUp(chunk: DataChunk): void {
    for (const holder of chunk.holders) {
      if (holder.chunk === chunk) this.place(holder, holder.data);
    }
    // Holders that were here twice, and the array of them, need not wait for the last view of the bytes.
    chunk.holders.length = 0;
  }
}

const empty = new Uint8Array(0);

function newChunk(): DataChunk {
  return { bytes: new Uint8Array(chunkBytes), at: 0, liveBytes: 0, holders: [] };
}
