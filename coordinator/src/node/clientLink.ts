import { type TcpConnection, type WebSocketConnection } from '@zookafka/runtime';

/** A client's connection of either transport, as the client port uses it. */
export interface ClientLink {
  /** Where the client is: `host:port`. */
  readonly remoteAddress: string;
  /**
   * Sends bytes. Does nothing once closed.
   *
   * @returns whether their memory is the caller's again; else nobody may change them any more
   */
  send(bytes: Uint8Array): boolean;
  /** Reads nothing until `resume`. */
  pause(): void;
  resume(): void;
  /** Closes after what was sent is out. */
  close(): void;
  /** Closes at once. */
  destroy(): void;
}

/** What the client port wants to be told. Nothing comes after `onClose`, which comes exactly once. */
export interface ClientLinkHandlers {
  readonly onBytes: (bytes: Uint8Array) => void;
  /** The error is undefined when either side closed in order. */
  readonly onClose: (error: Error | undefined) => void;
}

/** How long what was sent before `close` may take to leave, in ms: then the connection is cut. */
const closeMsMax = 2000;

/** A plain TCP connection as a client's link. */
export function tcpClientLink(connection: TcpConnection): ClientLink {
  return {
    remoteAddress: connection.remoteAddress,
    send: (bytes) => connection.writeNow(bytes),
    pause: () => {
      connection.pause();
    },
    resume: () => {
      connection.resume();
    },
    close: () => {
      connection.close();
      setTimeout(() => {
        connection.destroy();
      }, closeMsMax).unref();
    },
    destroy: () => {
      connection.destroy();
    },
  };
}

/** A WebSocket as a client's link: each send is a message, but frames may lie across messages. */
export function webSocketClientLink(connection: WebSocketConnection): ClientLink {
  return {
    remoteAddress: connection.remoteAddress,
    send: (bytes) => {
      // What ws is given it may keep.
      connection.send(bytes.slice());
      return true;
    },
    pause: () => {
      connection.pause();
    },
    resume: () => {
      connection.resume();
    },
    close: () => {
      connection.close();
      setTimeout(() => {
        connection.terminate();
      }, closeMsMax).unref();
    },
    destroy: () => {
      connection.terminate();
    },
  };
}
