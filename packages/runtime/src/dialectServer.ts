import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

import { type ByteLink, type ByteLinkHandlers } from './byteLink.ts';
import { tcpLink } from './tcpLink.ts';
import { serveWebSockets, type WebSocketServerOptions } from './webSocketLink.ts';

/** How one port is served. */
export interface DialectServerOptions {
  readonly host: string;
  /** 0 lets the platform choose. */
  readonly port: number;
  /** Upgrades to WebSocket; undefined where the port has none. */
  readonly webSocket: WebSocketServerOptions | undefined;
  /** Called for each connection that does not begin as HTTP; its first bytes come through the handlers too. */
  readonly onTcpLink: ((link: ByteLink) => ByteLinkHandlers) | undefined;
  /** How long a connection may say nothing at first, in ms. */
  readonly silenceMsMax: number;
}

/** A listening port. */
export interface ListeningServer {
  readonly port: number;
  /** Takes no more connections; those that are open stay until they are closed. */
  close(): void;
}

const httpBeginning = Buffer.from('GET ');

/**
 * Listens on one port for two dialects, told apart by the first bytes: HTTP upgrades to WebSocket, and everything
 * else, which is given out as a plain link.
 *
 * @throws what the platform says when the port cannot be had
 */
export function listenDialects(options: DialectServerOptions): Promise<ListeningServer> {
  const http = createHttpServer((_, response) => {
    response.writeHead(426, { 'Content-Type': 'text/plain', Connection: 'close' });
    response.end('This port speaks WebSocket\n');
  });
  if (options.webSocket !== undefined) serveWebSockets(http, options.webSocket);
  const server = createServer((socket) => {
    tellApart(socket, http, options);
  });
  return listen(server, options);
}

function listen(server: Server, { host, port }: DialectServerOptions): Promise<ListeningServer> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve({
        port: (server.address() as AddressInfo).port,
        close: () => {
          server.close();
        },
      });
    });
  });
}

function tellApart(socket: Socket, http: HttpServer, options: DialectServerOptions): void {
  let first: Buffer = Buffer.alloc(0);
  const timeout = setTimeout(() => {
    socket.destroy();
  }, options.silenceMsMax);
  const forget = (): void => {
    clearTimeout(timeout);
    socket.off('data', onData);
    socket.off('error', onError);
    socket.off('close', forget);
  };
  const onError = (): void => {
    socket.destroy();
  };
  const onData = (chunk: Buffer): void => {
    first = first.length === 0 ? chunk : Buffer.concat([first, chunk]);
    const count = Math.min(first.length, httpBeginning.length);
    const mayBeHttp = first.subarray(0, count).equals(httpBeginning.subarray(0, count));
    if (mayBeHttp && count < httpBeginning.length) return;
    forget();
    if (mayBeHttp && options.webSocket !== undefined) handToHttp(socket, http, first);
    else if (options.onTcpLink !== undefined) handToTcp(socket, options.onTcpLink, first);
    else socket.destroy();
  };
  socket.on('data', onData);
  socket.on('error', onError);
  socket.on('close', forget);
}

function handToHttp(socket: Socket, http: HttpServer, first: Buffer): void {
  socket.pause();
  http.emit('connection', socket);
  socket.unshift(first);
  socket.resume();
}

function handToTcp(
  socket: Socket,
  onTcpLink: (link: ByteLink) => ByteLinkHandlers,
  first: Buffer,
): void {
  // The link's handlers are known only after it exists; nothing comes before this turn ends.
  const holder: { handlers?: ByteLinkHandlers } = {};
  const link = tcpLink(socket, {
    onBytes: (bytes) => {
      holder.handlers?.onBytes(bytes);
    },
    onClose: (reason) => {
      holder.handlers?.onClose(reason);
    },
  });
  holder.handlers = onTcpLink(link);
  holder.handlers.onBytes(first);
}
