import { ByteWriter } from '@zookafka/base';
import {
  decodeConnectRequest,
  decodeRequestFrame,
  errorCodes,
  eventTypes,
  FrameSplitter,
  noSession,
  type Reply,
  type Request,
  type Response,
  sessionIdOf,
  sessionPassword,
  writeConnectResponseFrame,
  writeEventFrame,
  writeReplyFrame,
} from '@zookafka/zookeeper-wire';

interface Node {
  data: number;
  mzxid: number;
}

const firstSession = sessionIdOf(0x0100_0000, 1);

/** A store of numbers under paths that are there from the start, and one session at most. */
export class FakeStore {
  readonly nodes = new Map<string, Node>();
  zxid = 1;
  /** How often each number was written by the client: more than once is a lie of the session's. */
  readonly writes = new Map<number, number>();
  isExpired = false;
  private readonly connections = new Set<FakeConnection>();

  constructor(paths: readonly string[]) {
    for (const path of paths) this.nodes.set(path, { data: 0, mzxid: 1 });
  }

  connect(send: (bytes: Uint8Array) => void): FakeConnection {
    const connection = new FakeConnection(this, send);
    this.connections.add(connection);
    return connection;
  }

  drop(connection: FakeConnection): void {
    this.connections.delete(connection);
  }

  write(path: string, data: number): void {
    this.nodes.set(path, { data, mzxid: ++this.zxid });
    for (const connection of this.connections) connection.onChange(path);
  }
}

/** One connection of the store: shakes hands, reads, writes and watches as ZooKeeper does. */
export class FakeConnection {
  private readonly store: FakeStore;
  private readonly send: (bytes: Uint8Array) => void;
  private readonly splitter = new FrameSplitter();
  private readonly watched = new Set<string>();
  private isReady = false;
  isClosed = false;

  constructor(store: FakeStore, send: (bytes: Uint8Array) => void) {
    this.store = store;
    this.send = send;
  }

  receive(bytes: Uint8Array): void {
    const frames: Uint8Array[] = [];
    this.splitter.push(bytes, frames);
    for (const frame of frames) {
      if (this.isClosed) return;
      if (this.isReady) this.onRequest(frame);
      else this.onConnect(frame);
    }
  }

  onChange(path: string): void {
    if (!this.watched.delete(path)) return;
    this.write((writer) => {
      const event = { type: eventTypes.NodeDataChanged, state: 3, path };
      writeEventFrame(writer, event, this.store.zxid);
    });
  }

  private onConnect(frame: Uint8Array): void {
    const request = decodeConnectRequest(frame);
    const isExpired = this.store.isExpired && request.sessionId.high !== 0;
    this.isReady = !isExpired;
    this.write((writer) => {
      writeConnectResponseFrame(writer, {
        protocolVersion: 0,
        timeOut: isExpired ? 0 : 6000,
        sessionId: isExpired ? noSession : firstSession,
        passwd: isExpired ? new Uint8Array(16) : sessionPassword(firstSession),
        readOnly: false,
      });
    });
    if (isExpired) this.isClosed = true;
  }

  private onRequest(frame: Uint8Array): void {
    const { header, request } = decodeRequestFrame(frame);
    const { err, response } = this.answer(request);
    const reply: Reply = { xid: header.xid, zxid: this.store.zxid, err, response };
    this.write((writer) => {
      writeReplyFrame(writer, reply);
    });
    if (request.op === 'setWatches') this.rearm(request.dataWatches, request.relativeZxid);
  }

  private answer(request: Request): { err: number; response: Response | null } {
    switch (request.op) {
      case 'getData': {
        const node = this.store.nodes.get(request.path);
        if (node === undefined) return { err: errorCodes.NoNode, response: null };
        if (request.watch) this.watched.add(request.path);
        const data = Uint8Array.of(node.data >> 8, node.data & 0xff);
        return { err: 0, response: { op: 'getData', data, stat: statOf(node) } };
      }
      case 'setData': {
        if (!this.store.nodes.has(request.path)) return { err: errorCodes.NoNode, response: null };
        const [high, low] = request.data as unknown as [number, number];
        const value = (high << 8) | low;
        this.store.writes.set(value, (this.store.writes.get(value) ?? 0) + 1);
        this.store.write(request.path, value);
        const node = this.store.nodes.get(request.path) as Node;
        return { err: 0, response: { op: 'setData', stat: statOf(node) } };
      }
      default:
        return { err: 0, response: null };
    }
  }

  private rearm(paths: readonly string[], relativeZxid: number): void {
    for (const path of paths) {
      this.watched.add(path);
      if ((this.store.nodes.get(path)?.mzxid ?? 0) > relativeZxid) this.onChange(path);
    }
  }

  private write(fill: (writer: ByteWriter) => void): void {
    const writer = new ByteWriter();
    fill(writer);
    this.send(writer.finish());
  }
}

function statOf({ mzxid }: Node): Extract<Response, { op: 'setData' }>['stat'] {
  return {
    czxid: 1,
    mzxid,
    ctime: 0,
    mtime: 0,
    version: 0,
    cversion: 0,
    aversion: 0,
    ephemeralOwner: noSession,
    dataLength: 2,
    numChildren: 0,
    pzxid: 1,
  };
}
