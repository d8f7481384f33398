import { assert } from '@zookafka/base';

/** FIN, and the opcode of a binary message (RFC 6455, 5.2). */
const finBinary = 0x82;
const masked = 0x80;
const maskBytes = 4;
/** Says that the length follows in 16 bits. */
const length16 = 126;
/** A longer message is not worth the copy. */
export const smallFrameBytesMax = 16 * 1024;

/**
 * One whole binary message as it travels, head and payload in one piece: ws writes them as two, which costs more than
 * the copy of a small one.
 *
 * @param payload of at most `smallFrameBytesMax`
 * @param isClients a client masks what it sends: here with the mask of zeros, which leaves the payload as it is
 */
export function smallFrame(payload: Uint8Array, isClients: boolean): Uint8Array {
  const { length } = payload;
  assert(length <= smallFrameBytesMax, 'A small message is small', { length });
  const isShort = length < length16;
  const payloadAt = (isShort ? 2 : 4) + (isClients ? maskBytes : 0);
  const frame = Buffer.allocUnsafe(payloadAt + length);
  frame[0] = finBinary;
  frame[1] = (isClients ? masked : 0) | (isShort ? length : length16);
  if (!isShort) frame.writeUInt16BE(length, 2);
  if (isClients) frame.fill(0, payloadAt - maskBytes, payloadAt);
  frame.set(payload, payloadAt);
  return frame;
}
