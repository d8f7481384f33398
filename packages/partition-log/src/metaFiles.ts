import { bytesToHex, crc32c, type FileSystem, utf8Decode, utf8Encode } from '@zookafka/base';
import { checkSeal, parseCount, sealOf } from './checkpointText.ts';
import { fileBroken, fileNewer } from './logError.ts';
import { readWhole, replaceFile } from './wholeFile.ts';

/** Whose log directory this is. */
export interface DirectoryIdentity {
  readonly brokerId: number;
  readonly clusterId: string;
}

/** The file of a log directory that tells whose it is. */
export const identityFileName = 'meta.properties';
/** The file of a partition's folder that tells which topic's it is. */
export const topicIdFileName = 'partition.metadata';
/** The file that only a clean stop leaves behind. */
export const cleanShutdownFileName = '.kafka_cleanshutdown';

const checksumComment = '#crc32c=';

/** @returns the bytes of `meta.properties`, version 0; a comment holds their checksum */
export function encodeIdentity({ brokerId, clusterId }: DirectoryIdentity): Uint8Array {
  const body = `version=0\nbroker.id=${brokerId}\ncluster.id=${clusterId}\n`;
  return utf8Encode(`${checksumComment}${checksumText(body)}\n${body}`);
}

/** Reads `meta.properties`, of ours or of a Kafka. @throws {LogError} FILE_BROKEN, FILE_NEWER */
export function decodeIdentity(bytes: Uint8Array, path: string): DirectoryIdentity {
  const text = utf8Decode(bytes);
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    if (line.startsWith('#') || line.trim() === '') continue;
    const equals = line.indexOf('=');
    if (equals === -1) throw fileBroken(path, 'a line has no equals sign');
    values.set(line.slice(0, equals).trim(), line.slice(equals + 1).trim());
  }
  checkComment(text, path);
  const version = values.get('version');
  if (version === undefined) throw fileBroken(path, 'it names no version');
  if (version !== '0') throw fileNewer(path, version);
  const brokerId = parseCount(values.get('broker.id') ?? '');
  const clusterId = values.get('cluster.id');
  if (brokerId === undefined) throw fileBroken(path, 'it names no broker.id');
  if (clusterId === undefined || clusterId === '') throw fileBroken(path, 'it names no cluster.id');
  return { brokerId, clusterId };
}

/** @returns whose log directory this is, or undefined when it is nobody's yet */
export function readIdentity(files: FileSystem, directory: string): DirectoryIdentity | undefined {
  const path = `${directory}/${identityFileName}`;
  const bytes = readWhole(files, path);
  return bytes === undefined ? undefined : decodeIdentity(bytes, path);
}

/** Writes whose log directory this is, durably. */
export function writeIdentity(
  files: FileSystem,
  directory: string,
  identity: DirectoryIdentity,
): void {
  const bytes = encodeIdentity(identity);
  replaceFile(files, { directory, name: identityFileName, bytes, durable: true });
}

/** @returns the bytes of `partition.metadata`; white space at its end tells their checksum */
export function encodeTopicId(topicId: string): Uint8Array {
  const text = `version: 0\ntopic_id: ${topicId}`;
  return utf8Encode(text + sealOf(text));
}

/** @returns the topic's id: 22 characters. @throws {LogError} FILE_BROKEN, FILE_NEWER */
export function decodeTopicId(bytes: Uint8Array, path: string): string {
  const text = utf8Decode(bytes).replace(/\n$/, '');
  checkSeal(text, path);
  const match = /^version: ([0-9]+)\ntopic_id: ([A-Za-z0-9_-]{22})[ \t]*$/.exec(text);
  if (match === null) throw fileBroken(path, 'it is not a version and a topic id');
  if (match[1] !== '0') throw fileNewer(path, match[1] as string);
  return match[2] as string;
}

/** @returns the topic's id, or undefined where there is no file */
export function readTopicId(files: FileSystem, directory: string): string | undefined {
  const path = `${directory}/${topicIdFileName}`;
  const bytes = readWhole(files, path);
  return bytes === undefined ? undefined : decodeTopicId(bytes, path);
}

/** Writes which topic's this folder is, durably. */
export function writeTopicId(files: FileSystem, directory: string, topicId: string): void {
  const bytes = encodeTopicId(topicId);
  replaceFile(files, { directory, name: topicIdFileName, bytes, durable: true });
}

function checkComment(text: string, path: string): void {
  const lineEnd = text.indexOf('\n');
  if (!text.startsWith(checksumComment)) return;
  const told = text.slice(checksumComment.length, lineEnd);
  if (told !== checksumText(text.slice(lineEnd + 1))) {
    throw fileBroken(path, 'its checksum differs; remove that line if you edited the file');
  }
}

function checksumText(body: string): string {
  const crc = crc32c(utf8Encode(body));
  return bytesToHex(Uint8Array.of(crc >>> 24, crc >>> 16, crc >>> 8, crc));
}
