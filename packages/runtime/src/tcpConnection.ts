import { connect, type Socket } from 'node:net';
import { CodedError } from '@zookafka/base';

/** Why a connection ended that nobody closed. */
export type TransportRefusal =
  | { readonly code: 'SLOW_READER'; readonly bufferedBytes: number }
  | { readonly code: 'CONNECT_TIMEOUT'; readonly timeoutMs: number }
  | { readonly code: 'BAD_MESSAGE'; readonly reason: string };

/** The end of a connection by a rule of ours. */
export class TransportError extends CodedError<TransportRefusal> {
  override readonly name = 'TransportError';
}

/** What the owner of a connection is told. */
export interface TcpHandlers {
  /** An outgoing connection is open. */
  readonly onOpen?: () => void;
  /** Bytes as they came: valid for as long as they are kept, but a part of a larger buffer. */
  readonly onData: (bytes: Uint8Array) => void;
  /** What was written has left, after `isBackedUp` was true. */
  readonly onDrain?: () => void;
  /** Once, whatever ended it; the error is undefined when either side closed it in order. */
  readonly onClose: (error: Error | undefined) => void;
}

/** The bounds of a connection. */
export interface TcpLimits {
  /** A peer that does not read is cut off when so much waits for it. */
  readonly bufferedBytesMax?: number;
}

const bufferedBytesMaxDefault = 64 * 1024 * 1024;
/** Chunks of a turn that are together no larger are joined: one small copy costs less than a long `writev`. */
const joinedBytesMax = 64 * 1024;
/** Where they are joined: used again when the system took all of it at once, as it does unless the peer is slow. */
let joined = Buffer.allocUnsafeSlow(joinedBytesMax);

/**
 * One TCP connection: what one turn writes leaves in one system call, and the end is told exactly once.
 */
export class TcpConnection {
  private readonly socket: Socket;
  private readonly bufferedBytesMax: number;
  private readonly isReadElsewhere: boolean;
  private handlers: TcpHandlers | undefined;
  private chunks: Uint8Array[] = [];
  private chunkBytes = 0;
  /** The length of what was handed to the system past the stream's queue, and is not taken yet. */
  private handedBytes = 0;
  private readonly onTaken: (error?: Error | null) => void;
  /** What came before `start`: at most what one turn read. */
  private early: Uint8Array[] = [];
  private error: Error | undefined;
  private isClosing = false;

  /** @param isReadElsewhere whether what comes is given to `onBytes`, not emitted by the socket */
  constructor(socket: Socket, limits: TcpLimits = {}, isReadElsewhere = false) {
    this.socket = socket;
    this.bufferedBytesMax = limits.bufferedBytesMax ?? bufferedBytesMaxDefault;
    this.isReadElsewhere = isReadElsewhere;
    this.onTaken = (error) => {
      this.handedBytes = 0;
      if (error) socket.destroy(error);
    };
    socket.setNoDelay(true);
    socket.on('error', (error) => {
      this.error ??= error;
    });
    socket.on('close', () => {
      const { handlers } = this;
      this.isClosing = true;
      this.handlers = undefined;
      this.chunks = [];
      this.early = [];
      handlers?.onClose(this.error);
    });
  }

  /** Begins to read. Bytes that came before wait for this. */
  start(handlers: TcpHandlers): void {
    this.handlers = handlers;
    if (this.socket.destroyed) {
      this.handlers = undefined;
      handlers.onClose(this.error);
      return;
    }
    this.socket.on('drain', () => this.handlers?.onDrain?.());
    const { early } = this;
    this.early = [];
    for (const bytes of early) this.onBytes(bytes);
    if (!this.isReadElsewhere)
      this.socket.on('data', (bytes: Buffer) => {
        this.onBytes(bytes);
      });
  }

  /** Bytes that somebody else read from this connection, in their order. Those that come before `start` wait for it. */
  onBytes(bytes: Uint8Array): void {
    if (this.handlers !== undefined) this.handlers.onData(bytes);
    else if (!this.isClosing) this.early.push(bytes);
  }

  get remoteAddress(): string {
    return `${this.socket.remoteAddress ?? '?'}:${this.socket.remotePort ?? '?'}`;
  }

  /** Bytes that wait for the peer to read. */
  get bufferedBytes(): number {
    return this.chunkBytes + this.handedBytes + this.socket.writableLength;
  }

  /** Whether the caller should produce no more for this peer until `onDrain`. */
  get isBackedUp(): boolean {
    return this.socket.writableNeedDrain;
  }

  /** Sends `bytes` with all else of this turn. They must not change afterwards. */
  write(bytes: Uint8Array): void {
    if (this.isClosing) return;
    if (this.chunks.length === 0)
      process.nextTick(() => {
        this.flush();
      });
    this.chunks.push(bytes);
    this.chunkBytes += bytes.length;
  }

  /** Sends all of it now, behind what waits. */
  send(chunks: readonly Uint8Array[]): void {
    if (this.isClosing) return;
    for (const chunk of chunks) {
      this.chunks.push(chunk);
      this.chunkBytes += chunk.length;
    }
    this.flush();
  }

  /** Sends what waits now. */
  flush(): void {
    const { chunks } = this;
    if (chunks.length === 0 || this.socket.destroyed) return;
    this.chunks = [];
    if (chunks.length === 1) {
      this.hand(chunks[0] as Uint8Array);
    } else if (this.chunkBytes <= joinedBytesMax) {
      this.writeJoined(chunks);
    } else {
      this.socket.cork();
      for (const chunk of chunks) this.socket.write(chunk);
      this.socket.uncork();
    }
    this.chunkBytes = 0;
    this.checkBuffered();
  }

  /**
   * Sends `bytes` now, behind what waits.
   *
   * @returns whether the system has them: then their memory is the caller's again, else they must not change any more
   */
  writeNow(bytes: Uint8Array): boolean {
    this.flush();
    if (this.isClosing || this.socket.destroyed || this.hand(bytes)) return true;
    this.checkBuffered();
    return false;
  }

  /**
   * Gives bytes to the system, past the stream's queue while that is empty: its bookkeeping costs more than all else that
   * is done for a short answer. What the system does not take at once stands before whatever is written later.
   *
   * @returns whether the system has all bytes
   */
  private hand(bytes: Uint8Array): boolean {
    const { socket } = this;
    const isIdle = this.handedBytes === 0 && socket.writableLength === 0 && !socket.connecting;
    if (!isIdle || !socket.writable || bytes.length > joinedBytesMax) {
      socket.write(bytes);
      return socket.writableLength === 0;
    }
    this.handedBytes = bytes.length;
    // A stream's own way to what is below it: the queue above calls it in no other way.
    socket._write(bytes, 'buffer' as BufferEncoding, this.onTaken);
    return this.handedBytes === 0;
  }

  private checkBuffered(): void {
    const { bufferedBytes } = this;
    if (bufferedBytes <= this.bufferedBytesMax) return;
    this.destroy(
      new TransportError(
        { code: 'SLOW_READER', bufferedBytes },
        `Cannot send to ${this.remoteAddress}: ${bufferedBytes} bytes wait for it to read`,
      ),
    );
  }

  private writeJoined(chunks: readonly Uint8Array[]): void {
    let at = 0;
    for (const chunk of chunks) {
      joined.set(chunk, at);
      at += chunk.length;
    }
    if (!this.hand(joined.subarray(0, at))) joined = Buffer.allocUnsafeSlow(joinedBytesMax);
  }

  /** Reads nothing more until `resume`. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** Closes when all that was written has left; reads no more. */
  close(): void {
    if (this.isClosing) return;
    this.flush();
    this.isClosing = true;
    this.socket.end(() => {
      this.socket.destroy();
    });
  }

  /** Closes now. */
  destroy(error?: Error): void {
    this.isClosing = true;
    this.error ??= error;
    this.socket.destroy();
  }
}

/** Where to connect, and for how long to try. */
export interface TcpAddress extends TcpLimits {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
}

/** Opens a connection: `onOpen` or `onClose` tells what became of it. What is written before is sent then. */
export function connectTcp(address: TcpAddress, handlers: TcpHandlers): TcpConnection {
  const { host, port, timeoutMs } = address;
  const socket = connect({ host, port, noDelay: true });
  const connection = new TcpConnection(socket, address);
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
    handlers.onOpen?.();
  });
  connection.start({
    ...handlers,
    onClose: (error) => {
      clearTimeout(timeout);
      handlers.onClose(error);
    },
  });
  return connection;
}
