import { crc32c, utf8Decode, utf8Encode } from '@zookafka/base';
import { fileBroken, fileNewer } from './logError.ts';

/**
 * The text of Kafka's checkpoint files: version, count, then one entry a line.
 *
 * The format has no checksum, so a flipped digit is another valid number. Its parser splits at white space and
 * drops what trails: so the last line carries the CRC-32C of the text before it as 32 spaces and tabs. Kafka
 * reads our files, we read Kafka's; a file without the white space counts as Kafka's.
 */
export function encodeCheckpoint(lines: readonly string[]): Uint8Array {
  const head = `0\n${lines.length}\n`;
  if (lines.length === 0) return utf8Encode(head);
  const text = head + lines.join('\n');
  return utf8Encode(`${text}${sealOf(text)}\n`);
}

/**
 * @returns the entries, split at white space
 * @throws {LogError} FILE_BROKEN, FILE_NEWER
 */
export function decodeCheckpoint(
  bytes: Uint8Array,
  { path, columns }: { readonly path: string; readonly columns: number },
): readonly (readonly string[])[] {
  const text = utf8Decode(bytes);
  const lines = text.split('\n');
  if (lines.length < 3 || lines.pop() !== '') throw fileBroken(path, 'it ends early');
  checkVersion(lines[0] as string, path);
  const count = parseCount(lines[1] as string);
  if (count !== lines.length - 2) throw fileBroken(path, `it does not hold ${lines[1]} entries`);
  checkSeal(text.slice(0, -1), path);
  return lines.slice(2).map((line) => {
    const words = line.trimEnd().split(/[ \t]+/);
    if (words.length !== columns) throw fileBroken(path, `a line has not ${columns} columns`);
    return words;
  });
}

/** @returns a whole number from decimal digits, or undefined */
export function parseCount(word: string): number | undefined {
  if (!/^[0-9]{1,16}$/.test(word)) return undefined;
  const value = Number(word);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** @returns 32 spaces and tabs that tell the checksum of `text` */
export function sealOf(text: string): string {
  const crc = crc32c(utf8Encode(text));
  let seal = '';
  for (let bit = 31; bit >= 0; bit--) seal += (crc >>> bit) & 1 ? '\t' : ' ';
  return seal;
}

/** Checks the white space at the end of `text` where there is any. @throws {LogError} FILE_BROKEN */
export function checkSeal(text: string, path: string): void {
  const bare = text.replace(/[ \t]+$/, '');
  if (bare.length === text.length) return;
  if (text.slice(bare.length) !== sealOf(bare)) throw fileBroken(path, 'its checksum differs');
}

function checkVersion(word: string, path: string): void {
  if (word === '0') return;
  if (parseCount(word) === undefined) throw fileBroken(path, 'its first line is no version');
  throw fileNewer(path, word);
}
