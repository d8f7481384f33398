import { assert, ByteReader } from '@zookafka/base';
import { type StoredEntry } from './storeTypes.ts';

/** Before each entry's bytes: its zxid in 8 bytes, its length in 4. */
const headBytes = 12;
const two32 = 0x1_0000_0000;

/** Puts the entries of a batch into one blob of its own memory, so that it can be given to another thread. */
export function encodeEntries(entries: readonly StoredEntry[]): Uint8Array<ArrayBuffer> {
  let size = 0;
  for (const { bytes } of entries) size += headBytes + bytes.length;
  const blob = new Uint8Array(size);
  const view = new DataView(blob.buffer);
  let at = 0;
  for (const { zxid, bytes } of entries) {
    view.setUint32(at, Math.floor(zxid / two32));
    view.setUint32(at + 4, zxid % two32);
    view.setUint32(at + 8, bytes.length);
    blob.set(bytes, at + headBytes);
    at += headBytes + bytes.length;
  }
  return blob;
}

/** Takes a blob apart: entries are views of it. */
export function decodeEntries(blob: Uint8Array): readonly StoredEntry[] {
  const reader = new ByteReader(blob);
  const entries: StoredEntry[] = [];
  let zxidLast = -1;
  while (reader.remaining > 0) {
    const zxid = reader.int64();
    assert(zxid > zxidLast, 'Zxids rise in a batch', { zxid, zxidLast });
    zxidLast = zxid;
    entries.push({ zxid, bytes: reader.view(reader.uint32()) });
  }
  return entries;
}
