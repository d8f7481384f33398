const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const valueOfDigit = new Map(Array.from(digits, (digit, value) => [digit, value]));
const byteCount = 16;
const textLength = 22;

/** The id that stands for none. */
export const zeroUuid = 'AAAAAAAAAAAAAAAAAAAAAA';

/** Ids seen before, both ways: requests name the same few topics again and again. */
const knownMax = 4096;
const bytesByText = new Map<string, Uint8Array>();
const lastSeen: ({ readonly bytes: Uint8Array; readonly text: string } | undefined)[] =
  new Array<undefined>(64).fill(undefined);

/** 16 bytes as Kafka prints ids: base64url without padding. */
export function uuidText(bytes: Uint8Array, start = 0): string {
  const slot = (bytes[start + byteCount - 1] as number) & 63;
  const seen = lastSeen[slot];
  if (seen !== undefined && isAt(bytes, start, seen.bytes)) return seen.text;
  const text = makeText(bytes, start);
  lastSeen[slot] = { bytes: bytes.slice(start, start + byteCount), text };
  return text;
}

function isAt(bytes: Uint8Array, start: number, wanted: Uint8Array): boolean {
  for (let index = 0; index < byteCount; index++) {
    if (bytes[start + index] !== wanted[index]) return false;
  }
  return true;
}

function makeText(bytes: Uint8Array, start: number): string {
  let text = '';
  for (let bit = 0; bit < byteCount * 8; bit += 6) {
    const at = start + (bit >> 3);
    const high = bytes[at] as number;
    const low = (bit >> 3) + 1 < byteCount ? (bytes[at + 1] as number) : 0;
    text += digits.charAt((((high << 8) | low) >> (10 - (bit & 7))) & 63);
  }
  return text;
}

/** @returns whether `text` is an id as Kafka prints it */
export function isUuidText(text: string): boolean {
  return text.length === textLength && Array.from(text).every((digit) => valueOfDigit.has(digit));
}

/** The bytes of an id, to be read only; what is no id gives zeros. */
export function uuidBytes(text: string): Uint8Array {
  const known = bytesByText.get(text);
  if (known !== undefined) return known;
  if (bytesByText.size >= knownMax) bytesByText.clear();
  const bytes = makeBytes(text);
  bytesByText.set(text, bytes);
  return bytes;
}

function makeBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(byteCount);
  if (!isUuidText(text)) return bytes;
  let held = 0;
  let heldBits = 0;
  let at = 0;
  for (const digit of text) {
    held = ((held << 6) | (valueOfDigit.get(digit) as number)) & 0xffff;
    heldBits += 6;
    if (heldBits < 8) continue;
    heldBits -= 8;
    bytes[at++] = held >> heldBits;
  }
  return bytes;
}
