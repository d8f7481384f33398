import { type Server as HttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
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
  /** A connection could not be accepted: too many files are open. */
  readonly onError?: (error: Error) => void;
}

const firstByteMsMaxDefault = 30_000;

/**
 * Listens on one port. With an HTTP server given, it tells dialects apart by the first byte: lengths of binary frames
 * and four-letter words never begin with an upper-case letter, methods of HTTP always do.
 */
export class TcpServer {
  private readonly server: Server;
  private readonly options: TcpServerOptions;
  private readonly sockets = new Set<Socket>();

  private constructor(options: TcpServerOptions) {
    this.options = options;
    this.server = createServer({ noDelay: true }, (socket) => {
      this.accept(socket);
    });
    this.server.maxConnections = options.connectionCountMax ?? Infinity;
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
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
    const { http } = this.options;
    if (http === undefined) this.handOver(socket);
    else this.listenFirst(socket, http);
  }

  private handOver(socket: Socket): void {
    this.options.onConnection(new Connection(socket, this.options));
  }

  private listenFirst(socket: Socket, http: HttpServer): void {
    const onError = (): void => {
      socket.destroy();
    };
    socket.on('error', onError);
    socket.setTimeout(this.options.firstByteMsMax ?? firstByteMsMaxDefault, onError);
    socket.once('data', (first: Buffer) => {
      socket.setTimeout(0);
      socket.off('timeout', onError);
      socket.pause();
      socket.unshift(first);
      if (!isUpperCase(first[0])) {
        this.handOver(socket);
        socket.off('error', onError);
        socket.resume();
        return;
      }
      http.emit('connection', socket);
      socket.off('error', onError);
      socket.resume();
    });
  }
}

function isUpperCase(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x41 && byte <= 0x5a;
}
