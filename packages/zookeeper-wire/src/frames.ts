import { ByteReader, type ByteWriter } from '@zookafka/base';
import { specialXids } from './constants.ts';
import { beginFrame, endFrame } from './jute.ts';
import { readRecord, writeRecord } from './recordCodec.ts';
import {
  type ConnectRequest,
  type ConnectResponse,
  type RequestHeader,
  type WatcherEvent,
} from './recordTypes.ts';
import { decodeRequest, encodeRequest, requestType } from './requestCodec.ts';
import { type Reply, type Request } from './requests.ts';
import { encodeReply } from './responseCodec.ts';
import { writeReplyHeader, writeRequestHeader, writeWatcherEvent } from './straightLine.ts';

/*
 * A frame is a length of four bytes and what it counts. Writers here write both; readers take what follows the length,
 * as `FrameSplitter` gives it.
 */

/** A request with its number. */
export interface NumberedRequest {
  readonly header: RequestHeader;
  readonly request: Request;
}

/** Writes the frame of a request. */
export function writeRequestFrame(writer: ByteWriter, xid: number, request: Request): void {
  const start = beginFrame(writer);
  writeRequestHeader(writer, { xid, type: requestType(request) });
  encodeRequest(writer, request);
  endFrame(writer, start);
}

/** Reads a request from a frame without its length. @throws {JuteError} when it holds none */
export function decodeRequestFrame(frame: Uint8Array): NumberedRequest {
  const reader = new ByteReader(frame);
  const header = readRecord(reader, 'RequestHeader');
  return { header, request: decodeRequest(reader, header.type) };
}

/** Writes the frame of a reply. */
export function writeReplyFrame(writer: ByteWriter, reply: Reply): void {
  const start = beginFrame(writer);
  encodeReply(writer, reply);
  endFrame(writer, start);
}

/** Writes the frame of a notification. @param zxid that of the change, which ZooKeeper tells from 3.9 on, else -1 */
export function writeEventFrame(writer: ByteWriter, event: WatcherEvent, zxid: number): void {
  const start = beginFrame(writer);
  writeReplyHeader(writer, { xid: specialXids.notification, zxid, err: 0 });
  writeWatcherEvent(writer, event);
  endFrame(writer, start);
}

/** Writes the first frame of a client. */
export function writeConnectRequestFrame(writer: ByteWriter, request: ConnectRequest): void {
  const start = beginFrame(writer);
  writeRecord(writer, 'ConnectRequest', request);
  endFrame(writer, start);
}

/** Reads the first frame of a client, without its length. @throws {JuteError} when it is none */
export function decodeConnectRequest(frame: Uint8Array): ConnectRequest {
  return readRecord(new ByteReader(frame), 'ConnectRequest');
}

/** Writes the first frame of a server. */
export function writeConnectResponseFrame(writer: ByteWriter, response: ConnectResponse): void {
  const start = beginFrame(writer);
  writeRecord(writer, 'ConnectResponse', response);
  endFrame(writer, start);
}

/** Reads the first frame of a server, without its length. @throws {JuteError} when it is none */
export function decodeConnectResponse(frame: Uint8Array): ConnectResponse {
  return readRecord(new ByteReader(frame), 'ConnectResponse');
}
