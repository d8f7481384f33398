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
  type SessionId,
  writeConnectRequestFrame,
  writeRequestFrame,
} from '@zookafka/zookeeper-wire';

/** A client that sends what it is told and keeps nothing alive by itself. */
export class WireClient {
  readonly socket: Socket;
  private readonly splitter = new FrameSplitter();
  private readonly frames: Uint8Array[] = [];
  private readonly waiting: {
    readonly resolve: (frame: Uint8Array) => void;
    readonly reject: (error: Error) => void;
  }[] = [];
  private xidNext = 1;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      this.splitter.push(bytes, this.frames);
      while (this.frames.length > 0 && this.waiting.length > 0) {
        this.waiting.shift()?.resolve(this.frames.shift() as Uint8Array);
      }
    });
    socket.on('close', () => {
      for (const { reject } of this.waiting) reject(new Error('The server hung up'));
    });
  }

  static async open(port: number): Promise<WireClient> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    await once(socket, 'connect');
    return new WireClient(socket);
  }

  /** Opens a connection and a session. */
  static async withSession(port: number): Promise<WireClient> {
    const client = await WireClient.open(port);
    await client.handshake();
    return client;
  }

  async handshake(
    session: { readonly id: SessionId; readonly password: Uint8Array } = {
      id: noSession,
      password: new Uint8Array(16),
    },
  ): Promise<ConnectResponse> {
    const writer = new ByteWriter();
    writeConnectRequestFrame(writer, {
      protocolVersion: 0,
      lastZxidSeen: 0,
      timeOut: 10_000,
      sessionId: session.id,
      passwd: session.password,
      readOnly: false,
    });
    this.socket.write(writer.copy());
    return decodeConnectResponse(await this.frame());
  }

  async request(request: Request): Promise<Reply> {
    const writer = new ByteWriter();
    writeRequestFrame(writer, this.xidNext++, request);
    this.socket.write(writer.copy());
    return decodeReply(new ByteReader(await this.frame()), request.op as OperationName);
  }

  async create(path: string, text: string, flags = 0): Promise<number> {
    const data = Buffer.from(text);
    return (await this.request({ op: 'create', path, data, acl: openAcl, flags })).err;
  }

  async get(path: string): Promise<string | undefined> {
    const { response } = await this.request({ op: 'getData', path, watch: false });
    if (response?.op !== 'getData') return undefined;
    return Buffer.from(response.data ?? []).toString();
  }

  close(): void {
    this.socket.destroy();
  }

  private frame(): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const ready = this.frames.shift();
      if (ready === undefined) this.waiting.push({ resolve, reject });
      else resolve(ready);
    });
  }
}

/** Sends bytes and reads until the other side closes. */
export async function exchange(port: number, bytes: string | Uint8Array): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  socket.write(bytes);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString();
}
