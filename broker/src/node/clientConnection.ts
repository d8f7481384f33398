import { type TcpConnection } from '@zookafka/runtime';
import { FrameCutter, type FrameMemory } from './frameCutter.ts';

/** The bounds of one connection. */
export interface ConnectionLimits {
  readonly requestBytesMax: number;
  /** Requests without an answer: more are not read. */
  readonly inFlightMax: number;
  /** Bytes of those: the first that reaches it is the last that is read. */
  readonly inFlightBytesMax: number;
}

/** What a connection is made of. */
export interface ConnectionParts {
  readonly id: number;
  readonly link: TcpConnection;
  readonly nowMs: number;
  /** Where its requests are put together. */
  readonly memory: FrameMemory;
}

/** One client: cuts its stream, and reads no further while enough of its requests wait. */
export class ClientConnection {
  readonly id: number;
  readonly link: TcpConnection;
  /** Where the client is, without its port. */
  readonly host: string;
  activeMs: number;
  isClosing = false;
  /** Memory of answers that have not left: used again once they have. */
  lent: Uint8Array[] = [];
  private readonly limits: ConnectionLimits;
  private readonly cutter: FrameCutter;
  /** The sizes of requests without an answer: answers come in their order. */
  private readonly sizes: number[] = [];
  private inFlightBytes = 0;
  private isPaused = false;

  constructor({ id, link, nowMs, memory }: ConnectionParts, limits: ConnectionLimits) {
    this.id = id;
    this.link = link;
    this.host = hostOf(link.remoteAddress);
    this.activeMs = nowMs;
    this.limits = limits;
    this.cutter = new FrameCutter(limits.requestBytesMax, memory);
  }

  get inFlightCount(): number {
    return this.sizes.length;
  }

  /** @param bytes copied: valid during the call only */
  push(bytes: Uint8Array): void {
    this.cutter.push(bytes);
  }

  /** @returns the next request, or undefined: until more comes, or until an answer makes room */
  nextFrame(): Uint8Array | undefined {
    if (!this.hasRoom()) {
      this.pause();
      return undefined;
    }
    const frame = this.cutter.next();
    if (frame === undefined) {
      this.resume();
      return undefined;
    }
    this.sizes.push(frame.length);
    this.inFlightBytes += frame.length;
    return frame;
  }

  /** The oldest request is answered, or done with. @returns whether requests may wait that have room now */
  onAnswered(): boolean {
    this.inFlightBytes -= this.sizes.shift() ?? 0;
    return this.isPaused;
  }

  private hasRoom(): boolean {
    const { inFlightMax, inFlightBytesMax } = this.limits;
    if (this.sizes.length >= inFlightMax || this.inFlightBytes >= inFlightBytesMax) return false;
    return !this.link.isBackedUp;
  }

  private pause(): void {
    if (this.isPaused) return;
    this.isPaused = true;
    this.link.pause();
  }

  private resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.link.resume();
  }
}

/** The host of `host:port`; hosts of version 6 have colons of their own. */
function hostOf(remoteAddress: string): string {
  return remoteAddress.slice(0, remoteAddress.lastIndexOf(':'));
}
