import { connect } from 'node:net';
import { TcpConnection, TransportError } from '@zookafka/runtime';

/** Where to connect, and for how long to try. */
export interface PeerAddress {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  /** Read into, again and again: may be shared, because it is read from before anything else is read into it. */
  readonly received: Uint8Array;
}

/** What the owner is told. */
export interface PeerHandlers {
  /** Bytes as they came: valid during the call only. */
  readonly onData: (bytes: Uint8Array) => void;
  /** Once, whatever ended it. */
  readonly onClose: (error: Error | undefined) => void;
}

/** Opens a connection that reads into one buffer, where a socket would make one for each read. */
export function connectPeer(
  { host, port, timeoutMs, received }: PeerAddress,
  handlers: PeerHandlers,
): TcpConnection {
  const socket = connect({
    host,
    port,
    noDelay: true,
    onread: {
      buffer: received,
      callback: (count) => {
        handlers.onData(received.subarray(0, count));
        return true;
      },
    },
  });
  const connection = new TcpConnection(socket);
  const timeout = setTimeout(() => {
    connection.destroy(
      new TransportError(
        { code: 'CONNECT_TIMEOUT', timeoutMs },
        `Cannot connect to ${host}:${port}: no answer within ${timeoutMs} ms`,
      ),
    );
  }, timeoutMs);
  socket.once('connect', () => {
    clearTimeout(timeout);
  });
  connection.start({
    onData: () => undefined,
    onClose: (error) => {
      clearTimeout(timeout);
      handlers.onClose(error);
    },
  });
  return connection;
}
