import { type Server as HttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { readInto } from './acceptedSocket.ts';
import { receivedMemory } from './receivedMemory.ts';
import {
  type TcpConnection,
  TcpConnection as Connection,
  type TcpLimits,
} from './tcpConnection.ts';

/** Where a server listens, and what it does with whom. */
export interface TcpServerOptions extends TcpLimits {
  readonly host: string;
  /** 0: one that is free. */
  readonly port: number;
  /** A connection that speaks no HTTP: call `start` on it. */
  readonly onConnection: (connection: TcpConnection) => void;
  /** Serves those whose first byte is an upper-case letter, as only HTTP's methods begin. */
  readonly http?: HttpServer;
  /** With `http`: how long a connection may say nothing at all. */
  readonly firstByteMsMax?: number;
  /** Further ones are closed at once. */
  readonly connectionCountMax?: number;
  /** What `onData` is given is valid during the call only: its owner copies what it keeps. */
  readonly lendsBytes?: boolean;
  /** A connection could not be accepted: too many files are open. */
  readonly onError?: (error: Error) => void;
}

const firstByteMsMaxDefault = 30_000;
/** As much as one read takes. */
const receivedBytes = 64 << 10;

/**
 * Listens on one port. With an HTTP server given, it tells dialects apart by the first byte: lengths of binary frames
 * and four-letter words never begin with an upper-case letter, methods of HTTP always do.
 */
export class TcpServer {
  private readonly server: Server;
  private readonly options: TcpServerOptions;
  private readonly sockets = new Set<Socket>();
  private readonly memory = receivedMemory();
  private readonly received = Buffer.allocUnsafeSlow(receivedBytes);

  private constructor(options: TcpServerOptions) {
    this.options = options;
    const pauseOnConnect = options.http === undefined;
    this.server = createServer({ noDelay: true, pauseOnConnect }, (socket) => {
      this.accept(socket);
    });
  }

  /** @returns when the port is bound; rejects with the platform's error when it is taken */
  static async listen(options: TcpServerOptions): Promise<TcpServer> {
    const server = new TcpServer(options);
    await new Promise<void>((resolve, reject) => {
      server.server.once('error', reject);
      server.server.listen({ host: options.host, port: options.port }, () => {
        server.server.off('error', reject);
        server.server.on('error', (error) => options.onError?.(error));
        resolve();
      });
    });
    return server;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get connectionCount(): number {
    return this.sockets.size;
  }

  /** Accepts no more, and cuts what is open. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.server.close(() => {
        resolve();
      });
    });
    for (const socket of this.sockets) socket.destroy();
    await closed;
    this.sockets.clear();
  }

  private accept(socket: Socket): void {
    if (this.sockets.size >= (this.options.connectionCountMax ?? Infinity)) {
      socket.destroy();
      return;
    }
    const { http } = this.options;
    if (http === undefined) this.handOver(socket);
    else this.listenFirst(socket, http);
  }

  private count(socket: Socket): void {
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
  }

  /** @param first what was read of it already */
  private handOver(accepted: Socket, first?: Uint8Array): void {
    const { lendsBytes = false } = this.options;
    const socket = readInto(accepted, this.received, (bytes) => {
      connection.onBytes(lendsBytes ? bytes : this.memory.copy(bytes));
    });
    if (socket !== accepted || first === undefined) this.count(socket);
    const connection = new Connection(socket, this.options, socket !== accepted);
    if (first !== undefined) connection.onBytes(first);
    this.options.onConnection(connection);
    if (socket === accepted) socket.resume();
  }

  private listenFirst(socket: Socket, http: HttpServer): void {
    this.count(socket);
    const onError = (): void => {
      socket.destroy();
    };
    socket.on('error', onError);
    socket.setTimeout(this.options.firstByteMsMax ?? firstByteMsMaxDefault, onError);
    socket.once('data', (first: Buffer) => {
      socket.setTimeout(0);
      socket.off('timeout', onError);
      socket.pause();
      // Whatever else this turn reads of it is read before somebody else reads on.
      setImmediate(() => {
        if (socket.destroyed) return;
        const rest = socket.read() as Buffer | null;
        const head = rest === null ? first : Buffer.concat([first, rest]);
        this.giveTo(socket, head, http);
        socket.off('error', onError);
      });
    });
  }

  private giveTo(socket: Socket, head: Buffer, http: HttpServer): void {
    if (!isUpperCase(head[0])) {
      this.handOver(socket, head);
      return;
    }
    socket.unshift(head);
    http.emit('connection', socket);
    socket.resume();
  }
}

function isUpperCase(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x41 && byte <= 0x5a;
}
