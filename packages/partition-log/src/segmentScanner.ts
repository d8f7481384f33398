import { type FileHandle } from '@zookafka/base';
import { batch, batchHeaderBytes, batchHeaderFault } from './batchHeader.ts';

const windowBytes = 256 * 1024;

/** Which part of a file is walked, and how much of each batch is needed. */
export interface ScanRange {
  readonly position: number;
  readonly end: number;
  /** Whether whole batches are needed: without, only what windows happen to hold is read of the records. */
  readonly whole: boolean;
}

/**
 * Walks the batches of a segment's file in windows.
 *
 * After `next()` answered true, the batch lies in `bytes` at `at`. After false, `fault` tells why when it was
 * not the end.
 */
export class SegmentScanner {
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  /** Where the batch is in the file; after the last one: where good batches end. */
  position: number;
  /** The size of the batch. */
  size = 0;
  fault: string | undefined;
  private readonly handle: FileHandle;
  private readonly end: number;
  private readonly whole: boolean;

  constructor(handle: FileHandle, { position, end, whole }: ScanRange) {
    this.handle = handle;
    this.position = position;
    this.end = end;
    this.whole = whole;
  }

  next(): boolean {
    this.position += this.size;
    this.at += this.size;
    this.size = 0;
    if (this.position >= this.end) return false;
    if (!this.isHeld(batchHeaderBytes)) this.readWindow(windowBytes);
    const left = this.end - this.position;
    this.fault =
      this.bytes.length - this.at < Math.min(batchHeaderBytes, left)
        ? 'the file ends early'
        : batchHeaderFault(this.bytes, this.at, this.at + left);
    if (this.fault !== undefined) return false;
    const size = batch.size(this.bytes, this.at);
    if (this.whole && !this.isHeld(size)) {
      this.readWindow(Math.max(windowBytes, size));
      if (!this.isHeld(size)) this.fault = 'the file ends early';
      if (this.fault !== undefined) return false;
    }
    this.size = size;
    return true;
  }

  private isHeld(bytes: number): boolean {
    return this.at + bytes <= this.bytes.length;
  }

  private readWindow(bytes: number): void {
    this.bytes = this.handle.read(this.position, Math.min(bytes, this.end - this.position));
    this.at = 0;
  }
}
