import { ByteReader, bytesConcat, ByteWriter } from '@zookafka/base';
import { corrupt, tooLarge } from './frameSizes.ts';

/** What a snappy library does with one block. */
export interface SnappyBlocks {
  compress(bytes: Uint8Array): Uint8Array;
  uncompress(bytes: Uint8Array): Uint8Array;
}

/** `\x82SNAPPY\0`, then two versions of four bytes. */
const magic = Uint8Array.of(0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00);
const versions = 1;
const blockBytes = 32 * 1024;

/**
 * Snappy in Xerial's frames, as Kafka's clients in Java write it: a head, then blocks with their lengths. Other clients
 * write a bare block: it is known by the missing head.
 *
 * Source: `SnappyOutputStream` of snappy-java.
 */
export function xerialDecompress(
  blocks: SnappyBlocks,
  bytes: Uint8Array,
  sizeMax: number,
): Uint8Array {
  if (!hasHead(bytes, 0)) return uncompressBlock(blocks, bytes, sizeMax);
  const reader = new ByteReader(bytes);
  const chunks: Uint8Array[] = [];
  let size = 0;
  while (reader.remaining > 0) {
    // Streams that were written one after the other bring their heads along.
    if (hasHead(bytes, reader.offset)) {
      reader.skip(magic.length + 8);
      continue;
    }
    const length = reader.int32();
    const chunk = uncompressBlock(blocks, reader.view(length), sizeMax - size);
    size += chunk.length;
    chunks.push(chunk);
  }
  return bytesConcat(chunks);
}

/** Writes a head and blocks of 32 KiB. */
export function xerialCompress(blocks: SnappyBlocks, bytes: Uint8Array): Uint8Array {
  const writer = new ByteWriter(64 + (bytes.length >> 1));
  writer.raw(magic);
  writer.int32(versions);
  writer.int32(versions);
  for (let start = 0; start < bytes.length; start += blockBytes) {
    const block = blocks.compress(bytes.subarray(start, start + blockBytes));
    writer.int32(block.length);
    writer.raw(block);
  }
  return writer.finish();
}

function hasHead(bytes: Uint8Array, at: number): boolean {
  return (
    at + magic.length <= bytes.length && magic.every((byte, index) => bytes[at + index] === byte)
  );
}

/** A block begins with its content's length: looked at before anything is allocated. */
function uncompressBlock(blocks: SnappyBlocks, block: Uint8Array, sizeMax: number): Uint8Array {
  const size = new ByteReader(block).uvarint();
  if (size > sizeMax) throw tooLarge('snappy', sizeMax);
  const content = blocks.uncompress(block);
  if (content.length !== size) throw corrupt('snappy');
  return content;
}
