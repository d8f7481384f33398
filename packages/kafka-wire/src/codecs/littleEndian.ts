import { type ByteReader } from '@zookafka/base';

/** Reads a number of 1 to 6 bytes, the lowest first. */
export function littleEndian(reader: ByteReader, count: number): number {
  let value = 0;
  let scale = 1;
  for (let index = 0; index < count; index++) {
    value += reader.uint8() * scale;
    scale *= 256;
  }
  return value;
}
