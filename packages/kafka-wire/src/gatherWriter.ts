import { ByteWriter } from '@zookafka/base';

interface Insertion {
  /** Where, in the bytes that are written here. */
  readonly at: number;
  readonly chunks: readonly Uint8Array[];
}

/** Writes a message of which some bytes are somewhere else already: those are referred to, never copied. */
export class GatherWriter extends ByteWriter {
  private readonly insertions: Insertion[] = [];
  private insertedBytes = 0;

  /** Everything, what is referred to included. */
  get totalLength(): number {
    return this.length + this.insertedBytes;
  }

  /** Refers to chunks here. They must not change until they are sent. */
  insert(chunks: readonly Uint8Array[]): void {
    this.insertions.push({ at: this.length, chunks });
    for (const chunk of chunks) this.insertedBytes += chunk.length;
  }

  /** Gives all away, in order: nothing is written after it. */
  finishChunks(): Uint8Array[] {
    const { insertions } = this;
    const bytes = this.view();
    if (insertions.length === 0) return [bytes];
    const chunks: Uint8Array[] = [];
    let from = 0;
    for (const { at, chunks: inserted } of insertions) {
      if (at > from) chunks.push(bytes.subarray(from, at));
      chunks.push(...inserted);
      from = at;
    }
    if (bytes.length > from) chunks.push(bytes.subarray(from));
    return chunks;
  }
}
