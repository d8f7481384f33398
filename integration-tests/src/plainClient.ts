import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { ByteReader, ByteWriter } from '@zookafka/base';
import {
  type ConnectResponse,
  decodeConnectResponse,
  decodeReply,
  FrameSplitter,
  noSession,
  openAcl,
  type OperationName,
  type Reply,
  type Request,
  writeConnectRequestFrame,
  writeRequestFrame,
} from '@zookafka/zookeeper-wire';

const timeoutMs = 10_000;

interface Waiting {
  readonly op: OperationName | 'connect';
  readonly resolve: (answer: Reply | ConnectResponse) => void;
  readonly reject: (error: Error) => void;
}

/** A client of one connection: as many requests at once as are asked for, no second attempt, no watches. */
export class PlainClient {
  private readonly socket: Socket;
  private readonly splitter = new FrameSplitter();
  private readonly waiting: Waiting[] = [];
  private xidNext = 1;
  private isClosed = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      const frames: Uint8Array[] = [];
      this.splitter.push(bytes, frames);
      for (const frame of frames) this.onFrame(frame);
    });
    socket.on('close', () => {
      this.isClosed = true;
      for (const { reject } of this.waiting) reject(new Error('The connection is lost'));
      this.waiting.length = 0;
    });
  }

  /** Opens a connection and a session. Rejects when the member does not serve. */
  static async open(port: number): Promise<PlainClient> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    await once(socket, 'connect');
    const client = new PlainClient(socket);
    const writer = new ByteWriter();
    writeConnectRequestFrame(writer, {
      protocolVersion: 0,
      lastZxidSeen: 0,
      timeOut: timeoutMs,
      sessionId: noSession,
      passwd: new Uint8Array(16),
      readOnly: false,
    });
    await client.send(writer.copy(), 'connect');
    return client;
  }

  async request(request: Request): Promise<Reply> {
    const writer = new ByteWriter();
    writeRequestFrame(writer, this.xidNext++, request);
    return (await this.send(writer.copy(), request.op as OperationName)) as Reply;
  }

  /** @returns 0, or the code of the error */
  async create(path: string, text: string): Promise<number> {
    const data = Buffer.from(text);
    return (await this.request({ op: 'create', path, data, acl: openAcl, flags: 0 })).err;
  }

  /** @returns the data as text, or undefined where there is no such node */
  async get(path: string): Promise<string | undefined> {
    const { response } = await this.request({ op: 'getData', path, watch: false });
    return response?.op === 'getData' ? Buffer.from(response.data ?? []).toString() : undefined;
  }

  async children(path: string): Promise<readonly string[]> {
    const { response } = await this.request({ op: 'getChildren', path, watch: false });
    return response?.op === 'getChildren' ? response.children : [];
  }

  /** Catches up with the leader: what was acknowledged before is read after. */
  async sync(): Promise<void> {
    await this.request({ op: 'sync', path: '/' });
  }

  close(): void {
    this.socket.destroy();
  }

  private send(bytes: Uint8Array, op: Waiting['op']): Promise<Reply | ConnectResponse> {
    return new Promise((resolve, reject) => {
      if (this.isClosed) {
        reject(new Error('The connection is lost'));
        return;
      }
      this.waiting.push({ op, resolve, reject });
      this.socket.write(bytes);
    });
  }

  private onFrame(frame: Uint8Array): void {
    const waiting = this.waiting.shift();
    if (waiting === undefined) return;
    const { op, resolve } = waiting;
    resolve(
      op === 'connect' ? decodeConnectResponse(frame) : decodeReply(new ByteReader(frame), op),
    );
  }
}
