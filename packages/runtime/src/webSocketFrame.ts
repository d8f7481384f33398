/** FIN, and the opcode of a binary message (RFC 6455, 5.2). */
const finBinary = 0x82;
const masked = 0x80;
const maskBytes = 4;
const length16 = 126;
const length64 = 127;

/**
 * One whole binary message as it travels, head and payload in one piece: ws writes them as two, which costs more than
 * the copy as long as the message is small.
 *
 * @param isClients a client masks what it sends: here with the mask of zeros, which leaves the payload as it is
 */
export function binaryFrame(payload: Uint8Array, isClients: boolean): Uint8Array {
  const { length } = payload;
  const lengthBytes = length < length16 ? 0 : length <= 0xffff ? 2 : 8;
  const headBytes = 2 + lengthBytes + (isClients ? maskBytes : 0);
  const frame = Buffer.allocUnsafe(headBytes + length);
  const mask = isClients ? masked : 0;
  frame[0] = finBinary;
  if (lengthBytes === 0) {
    frame[1] = mask | length;
  } else if (lengthBytes === 2) {
    frame[1] = mask | length16;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = mask | length64;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  if (isClients) frame.fill(0, headBytes - maskBytes, headBytes);
  frame.set(payload, headBytes);
  return frame;
}
