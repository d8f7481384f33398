import { type IncomingMessage, type Server } from 'node:http';
import { type Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';

import { type ByteLink, type ByteLinkHandlers, type ConnectHandlers } from './byteLink.ts';

/** How a WebSocket server takes connections. */
export interface WebSocketServerOptions {
  /** The only path that is served: others are answered with 404. */
  readonly path: string;
  /** The longest message that is taken, in bytes. */
  readonly messageBytesMax: number;
  /** Called for each connection; gives its handlers. */
  readonly onLink: (link: ByteLink) => ByteLinkHandlers;
}

/** A message in more fragments than this is an attack, not a frame. */
const fragmentsMax = 64;
const chunksBufferedMax = 4096;
const normalClosure = 1000;

/**
 * Answers upgrades of an HTTP server. An upgrade whose Origin is not this very host is refused: pages of other
 * sites, open in a person's browser, must not reach a server on loopback.
 */
export function serveWebSockets(server: Server, options: WebSocketServerOptions): void {
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: options.messageBytesMax,
    maxFragments: fragmentsMax,
    maxBufferedChunks: chunksBufferedMax,
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const path = (request.url ?? '').split('?')[0];
    if (path !== options.path) refuse(socket, '404 Not Found');
    else if (!isOwnOrigin(request)) refuse(socket, '403 Forbidden');
    else {
      sockets.handleUpgrade(request, socket, head, (opened) => {
        const address = request.socket.remoteAddress ?? 'unknown';
        const late = lateHandlers();
        const link = webSocketLink(opened, address, late.handlers);
        late.bind(options.onLink(link));
      });
    }
  });
}

/** Connects; the attempt is given up after `timeoutMs`. @returns a function that gives it up at once */
export function connectWebSocket(
  {
    url,
    timeoutMs,
    messageBytesMax,
  }: { readonly url: string; readonly timeoutMs: number; readonly messageBytesMax: number },
  handlers: ConnectHandlers,
): () => void {
  const socket = new WebSocket(url, {
    perMessageDeflate: false,
    handshakeTimeout: timeoutMs,
    maxPayload: messageBytesMax,
    maxFragments: fragmentsMax,
    maxBufferedChunks: chunksBufferedMax,
  });
  let isSettled = false;
  const refuse = (reason: string): void => {
    if (isSettled) return;
    isSettled = true;
    socket.on('error', () => undefined);
    socket.terminate();
    handlers.onRefused(reason);
  };
  const onError = (error: Error): void => {
    refuse(error.message);
  };
  socket.once('error', onError);
  socket.once('open', () => {
    if (isSettled) return;
    isSettled = true;
    socket.off('error', onError);
    const { hostname } = new URL(url);
    handlers.onOpen(webSocketLink(socket, hostname, handlers));
  });
  return () => {
    refuse('given up');
  };
}

function webSocketLink(
  socket: WebSocket,
  remoteAddress: string,
  handlers: ByteLinkHandlers,
): ByteLink {
  let reason = 'closed by the other side';
  socket.binaryType = 'nodebuffer';
  socket.on('message', (data, isBinary) => {
    if (isBinary) handlers.onBytes(data as Buffer);
    else {
      reason = 'a text message came where only binary ones are taken';
      socket.terminate();
    }
  });
  socket.on('error', (error) => {
    reason = error.message;
  });
  socket.once('close', () => {
    handlers.onClose(reason);
  });
  return {
    remoteAddress,
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    send: (bytes) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(bytes);
    },
    pause: () => {
      socket.pause();
    },
    resume: () => {
      socket.resume();
    },
    close: () => {
      reason = 'closed here';
      socket.close(normalClosure);
    },
    destroy: () => {
      reason = 'closed here';
      socket.terminate();
    },
  };
}

function refuse(socket: Duplex, status: string): void {
  socket.on('error', () => undefined);
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function isOwnOrigin({ headers }: IncomingMessage): boolean {
  if (headers.origin === undefined) return true;
  try {
    return new URL(headers.origin).host === headers.host;
  } catch {
    return false;
  }
}

/** Handlers that are known only once the link exists. */
function lateHandlers(): {
  readonly handlers: ByteLinkHandlers;
  readonly bind: (handlers: ByteLinkHandlers) => void;
} {
  let bound: ByteLinkHandlers | undefined;
  return {
    handlers: {
      onBytes: (bytes) => {
        bound?.onBytes(bytes);
      },
      onClose: (reason) => {
        bound?.onClose(reason);
      },
    },
    bind: (handlers) => {
      bound = handlers;
    },
  };
}
