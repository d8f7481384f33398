import { ByteReader } from '@zookafka/base';
import { BoundedOutput, corrupt } from './boundedOutput.ts';
import { littleEndian } from './littleEndian.ts';

/** `\x82SNAPPY\0`, before two versions of four bytes: the head of Xerial's frames. */
const headMagic = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00] as const;
const headBytes = 16;

/**
 * Opens Snappy in Xerial's frames, as Kafka's clients in Java write it, or a bare block, as others do.
 *
 * Source: Snappy's format description; `SnappyOutputStream` of snappy-java.
 */
export function decompressSnappy(bytes: Uint8Array, sizeMax: number): Uint8Array {
  const output = new BoundedOutput('snappy', sizeMax, bytes.length * 2);
  const reader = new ByteReader(bytes);
  if (!hasHead(reader)) readBlock(reader, output);
  while (reader.remaining > 0) {
    // Streams that were written one after the other bring their heads along.
    if (hasHead(reader)) reader.skip(headBytes);
    else readBlock(new ByteReader(reader.view(reader.int32())), output);
  }
  return output.view();
}

function hasHead({ bytes, offset }: ByteReader): boolean {
  return headMagic.every((byte, index) => bytes[offset + index] === byte);
}

function readBlock(reader: ByteReader, output: BoundedOutput): void {
  const size = reader.uvarint();
  const start = output.length;
  while (reader.remaining > 0) readElement(reader, output, start);
  if (output.length - start !== size) throw corrupt('snappy');
}

function readElement(reader: ByteReader, output: BoundedOutput, start: number): void {
  const tag = reader.uint8();
  const high = tag >> 2;
  switch (tag & 3) {
    case 0:
      output.append(reader.view((high < 60 ? high : littleEndian(reader, high - 59)) + 1));
      return;
    case 1:
      output.repeat(((tag >> 5) << 8) | reader.uint8(), (high & 7) + 4, start);
      return;
    case 2:
      output.repeat(littleEndian(reader, 2), high + 1, start);
      return;
    default:
      output.repeat(littleEndian(reader, 4), high + 1, start);
  }
}
