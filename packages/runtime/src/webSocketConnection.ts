import { type Socket } from 'node:net';
import { WebSocket, type ClientOptions, type RawData } from 'ws';
import { TransportError } from './tcpConnection.ts';
import { smallFrame, smallFrameBytesMax } from './webSocketFrame.ts';

/** What the owner of a WebSocket is told. */
export interface WebSocketHandlers {
  /** An outgoing connection is open. */
  readonly onOpen?: () => void;
  /** One whole binary message. */
  readonly onMessage: (bytes: Uint8Array) => void;
  readonly onPong?: () => void;
  /** Once, whatever ended it; the error is undefined when either side closed it in order. */
  readonly onClose: (error: Error | undefined) => void;
}

/** The bounds of a WebSocket. */
export interface WebSocketLimits {
  /** The longest message that is taken. */
  readonly messageBytesMax?: number;
  /** A peer that does not read is cut off when so much waits for it. */
  readonly bufferedBytesMax?: number;
}

const messageBytesMaxDefault = 16 * 1024 * 1024;
const bufferedBytesMaxDefault = 64 * 1024 * 1024;
/** A message of ours is never cut in pieces: nobody needs many. */
const fragmentCountMax = 16;
/** A large message comes in as many pieces as TCP makes of it. */
const bufferedChunkCountMax = 16 * 1024;

/** What ws is told for either side. */
export function wsOptions(limits: WebSocketLimits): {
  readonly perMessageDeflate: false;
  readonly maxPayload: number;
} {
  const bounds = { maxFragments: fragmentCountMax, maxBufferedChunks: bufferedChunkCountMax };
  return {
    ...bounds,
    perMessageDeflate: false,
    maxPayload: limits.messageBytesMax ?? messageBytesMaxDefault,
  };
}

/** What lies below a WebSocket whose payloads are sent as they are. */
interface Stream {
  readonly socket: Socket;
  readonly isClients: boolean;
}

/** One WebSocket with binary messages. Send one message a turn: each is a frame and a write of its own. */
export class WebSocketConnection {
  readonly remoteAddress: string;
  private readonly socket: WebSocket;
  private readonly bufferedBytesMax: number;
  private handlers: WebSocketHandlers | undefined;
  private error: Error | undefined;
  private stream: Stream | undefined;

  constructor(socket: WebSocket, remoteAddress: string, limits: WebSocketLimits) {
    this.socket = socket;
    this.remoteAddress = remoteAddress;
    this.bufferedBytesMax = limits.bufferedBytesMax ?? bufferedBytesMaxDefault;
    socket.on('error', (error) => {
      this.error ??= error;
    });
    socket.on('close', () => {
      const { handlers } = this;
      this.handlers = undefined;
      handlers?.onClose(this.error);
    });
  }

  /** Tells the connection what it may write small messages to by itself, because no random mask is to be put on them. */
  useStream(stream: Stream): void {
    this.stream = stream;
  }

  /** Begins to read: to be called in the turn that brought the connection. */
  start(handlers: WebSocketHandlers): void {
    this.handlers = handlers;
    this.socket.on('message', (data: RawData, isBinary: boolean) => {
      if (isBinary) {
        this.handlers?.onMessage(data as Buffer);
        return;
      }
      this.terminate(
        new TransportError(
          { code: 'BAD_MESSAGE', reason: 'text' },
          `Cannot use a message of ${this.remoteAddress}: it is text, not binary`,
        ),
      );
    });
    this.socket.on('pong', () => this.handlers?.onPong?.());
  }

  get isOpen(): boolean {
    return this.socket.readyState === WebSocket.OPEN;
  }

  /** Bytes that wait for the peer to read. */
  get bufferedBytes(): number {
    return this.socket.bufferedAmount;
  }

  /** Sends one message. `bytes` must not change afterwards. Dropped when the connection is not open. */
  send(bytes: Uint8Array): void {
    if (!this.isOpen) return;
    const { stream } = this;
    if (stream === undefined || bytes.length > smallFrameBytesMax) {
      this.socket.send(bytes, { binary: true });
    } else {
      stream.socket.write(smallFrame(bytes, stream.isClients));
    }
    const bufferedBytes = this.socket.bufferedAmount;
    if (bufferedBytes <= this.bufferedBytesMax) return;
    this.terminate(
      new TransportError(
        { code: 'SLOW_READER', bufferedBytes },
        `Cannot send to ${this.remoteAddress}: ${bufferedBytes} bytes wait for it to read`,
      ),
    );
  }

  /** Asks for a pong. */
  ping(): void {
    if (this.isOpen) this.socket.ping();
  }

  /** Reads nothing more until `resume`. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** Closes with the closing handshake, when all that was sent has left. */
  close(): void {
    this.socket.close(1000);
  }

  /** Closes now. */
  terminate(error?: Error): void {
    this.error ??= error;
    this.socket.terminate();
  }
}

/** Where to connect, and for how long to try. */
export interface WebSocketAddress extends WebSocketLimits {
  readonly url: string;
  readonly timeoutMs: number;
  /**
   * Sends payloads as they are, under the mask of zeros: no copy. For links between nodes of one cluster only, where
   * no page chooses the bytes and no proxy reads them.
   */
  readonly isUnmasked?: boolean;
}

/** Opens a WebSocket: `onOpen` or `onClose` tells what became of it. */
export function connectWebSocket(
  address: WebSocketAddress,
  handlers: WebSocketHandlers,
): WebSocketConnection {
  const { url, timeoutMs, isUnmasked = false } = address;
  const options: ClientOptions = {
    ...wsOptions(address),
    handshakeTimeout: timeoutMs,
    followRedirects: false,
    ...(isUnmasked ? { generateMask: (mask: Buffer) => mask.fill(0) } : {}),
  };
  const socket = new WebSocket(url, options);
  const connection = new WebSocketConnection(socket, url, address);
  socket.once('open', () => handlers.onOpen?.());
  if (isUnmasked) {
    socket.once('upgrade', (response) => {
      connection.useStream({ socket: response.socket, isClients: true });
    });
  }
  connection.start(handlers);
  return connection;
}
