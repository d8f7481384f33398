import {
  createServer,
  type IncomingMessage,
  type Server as HttpServer,
  STATUS_CODES,
} from 'node:http';
import { isIP } from 'node:net';
import { type Duplex } from 'node:stream';
import { WebSocketServer as WsServer } from 'ws';
import { WebSocketConnection, type WebSocketLimits, wsOptions } from './webSocketConnection.ts';

/** One path on which WebSockets are taken. */
export interface WebSocketPath extends WebSocketLimits {
  readonly path: string;
  /** Call `start` on the connection before returning. */
  readonly onConnection: (connection: WebSocketConnection, request: IncomingMessage) => void;
}

/** Which paths, and which pages may connect. */
export interface WebSocketServerOptions {
  readonly paths: readonly WebSocketPath[];
  /**
   * Names of this host, beside `localhost` and its addresses, under which its own pages may be opened. A page that was
   * opened under any other name is refused, even if that name leads here: anybody can point a name at an address.
   */
  readonly hostNames?: readonly string[];
  /** An upgrade was refused. */
  readonly onRefused?: (reason: string, request: IncomingMessage) => void;
}

/**
 * An HTTP server that only takes upgrades to WebSocket: give it to `TcpServer` as its `http`.
 *
 * The same-origin rule of browsers does not cover WebSockets, so an upgrade with a foreign `Origin` is refused with 403.
 * Programs send none and are let in.
 */
export function createWebSocketServer(options: WebSocketServerOptions): HttpServer {
  const http = createServer((_request, response) => {
    response.writeHead(426, { connection: 'close', upgrade: 'websocket' }).end();
  });
  const servers = options.paths.map((path) => ({
    path,
    server: new WsServer({ noServer: true, clientTracking: false, ...wsOptions(path) }),
  }));
  http.on('upgrade', (request, socket, head) => {
    const refuse = (status: number, reason: string): void => {
      options.onRefused?.(reason, request);
      answer(socket, status);
    };
    const wanted = (request.url ?? '/').split('?')[0];
    const found = servers.find(({ path }) => path.path === wanted);
    if (found === undefined) {
      refuse(404, 'no such path');
      return;
    }
    if (!isOwnOrigin(request, options.hostNames ?? [])) {
      refuse(403, 'foreign origin');
      return;
    }
    const address = `${request.socket.remoteAddress ?? '?'}:${request.socket.remotePort ?? '?'}`;
    found.server.handleUpgrade(request, socket, head, (webSocket) => {
      request.socket.setNoDelay(true);
      const connection = new WebSocketConnection(webSocket, address, found.path);
      connection.useStream({ socket: request.socket, isClients: false });
      found.path.onConnection(connection, request);
    });
  });
  return http;
}

function isOwnOrigin(request: IncomingMessage, hostNames: readonly string[]): boolean {
  const { origin, host } = request.headers;
  if (origin === undefined) return true;
  if (!URL.canParse(origin)) return false;
  const page = new URL(origin);
  if (page.host !== host) return false;
  const name = page.hostname.replace(/^\[|\]$/g, '');
  return name === 'localhost' || isIP(name) !== 0 || hostNames.includes(name);
}

function answer(socket: Duplex, status: number): void {
  socket.on('error', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
    () => socket.destroy(),
  );
}
