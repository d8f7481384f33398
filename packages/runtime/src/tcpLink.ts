import { connect, type Socket } from 'node:net';

import { type ByteLink, type ByteLinkHandlers, type ConnectHandlers } from './byteLink.ts';

/** How long what was sent before `close` may take to leave: then the socket is destroyed, in ms. */
const closeTimeoutMs = 2000;

/** Makes a link of a connected socket. */
export function tcpLink(socket: Socket, handlers: ByteLinkHandlers): ByteLink {
  let reason = 'closed by the other side';
  socket.setNoDelay(true);
  socket.on('data', (chunk: Buffer) => {
    handlers.onBytes(chunk);
  });
  socket.on('error', (error) => {
    reason = error.message;
  });
  socket.on('end', () => {
    socket.end();
  });
  socket.once('close', () => {
    handlers.onClose(reason);
  });
  return {
    remoteAddress: socket.remoteAddress ?? 'unknown',
    get bufferedBytes() {
      return socket.writableLength;
    },
    send: (bytes) => {
      if (!socket.destroyed && socket.writable) socket.write(bytes);
    },
    pause: () => {
      socket.pause();
    },
    resume: () => {
      socket.resume();
    },
    close: () => {
      reason = 'closed here';
      socket.end();
      const timeout = setTimeout(() => {
        socket.destroy();
      }, closeTimeoutMs);
      timeout.unref();
      socket.once('close', () => {
        clearTimeout(timeout);
      });
    },
    destroy: () => {
      reason = 'closed here';
      socket.destroy();
    },
  };
}

/** Where to connect. */
export interface TcpTarget {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
}

/** Connects; the attempt is given up after `timeoutMs`. @returns a function that gives it up at once */
export function connectTcp(
  { host, port, timeoutMs }: TcpTarget,
  handlers: ConnectHandlers,
): () => void {
  const socket = connect({ host, port });
  let isSettled = false;
  const refuse = (reason: string): void => {
    if (isSettled) return;
    isSettled = true;
    clearTimeout(timeout);
    socket.destroy();
    handlers.onRefused(reason);
  };
  const timeout = setTimeout(() => {
    refuse(`no answer from ${host}:${port} within ${timeoutMs} ms`);
  }, timeoutMs);
  const onError = (error: Error): void => {
    refuse(error.message);
  };
  socket.once('error', onError);
  socket.once('connect', () => {
    if (isSettled) return;
    isSettled = true;
    clearTimeout(timeout);
    socket.off('error', onError);
    handlers.onOpen(tcpLink(socket, handlers));
  });
  return () => {
    refuse('given up');
  };
}
