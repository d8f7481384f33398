import { BoundedQueue } from '@zookafka/base';
import { errorCodes } from '@zookafka/zookeeper-wire';
import { type FrameWriter } from './frameWriter.ts';
import { type SessionEffect, type SessionRequest } from './types.ts';

/** A request that has not been sent. */
export interface Waiting {
  readonly token: number;
  /** With the server's paths. */
  readonly request: SessionRequest;
}

/** A request that was sent under this number. */
export interface InFlight extends Waiting {
  readonly xid: number;
}

/** How many requests a pipeline holds. */
export interface PipelineBounds {
  readonly waitingMax: number;
  readonly inFlightMax: number;
}

/** After the greatest xid comes 1 again. */
const xidMax = 0x7fff_ffff;

/**
 * Requests on their way: those that wait for a connection or for room, then those that were sent and are answered in
 * their order. Each is sent at most once.
 */
export class RequestPipeline {
  private readonly waiting: BoundedQueue<Waiting>;
  private readonly inFlight: BoundedQueue<InFlight>;
  private xidNext = 1;

  constructor({ waitingMax, inFlightMax }: PipelineBounds) {
    this.waiting = new BoundedQueue(waitingMax);
    this.inFlight = new BoundedQueue(inFlightMax);
  }

  /** The request whose answer comes next. */
  get first(): InFlight | undefined {
    return this.inFlight.first;
  }

  /** @returns false when too many wait */
  push(request: Waiting): boolean {
    return this.waiting.push(request);
  }

  /** Sends what there is room for. @returns the frames, or undefined when there are none */
  fill(frames: FrameWriter, effects: SessionEffect[]): Uint8Array | undefined {
    frames.begin();
    while (this.inFlight.count < this.inFlight.countMax) {
      const next = this.waiting.shift();
      if (next === undefined) break;
      const xid = this.takeXid();
      if (frames.add(xid, next.request)) this.inFlight.push({ ...next, xid });
      else refuse(next.token, errorCodes.MarshallingError, effects);
    }
    return frames.take();
  }

  /** Takes a number for a request that is sent outside of the queues. */
  takeXid(): number {
    const xid = this.xidNext;
    this.xidNext = xid === xidMax ? 1 : xid + 1;
    return xid;
  }

  /** Forgets the request whose answer came. */
  shift(): void {
    this.inFlight.shift();
  }

  /** The connection was cut: nobody knows what became of what was sent. */
  lose(effects: SessionEffect[]): void {
    for (const { token } of this.inFlight) {
      effects.push({ kind: 'reply', token, outcome: { kind: 'unknown' } });
    }
    this.inFlight.clear();
  }

  /** Nothing will be sent any more. */
  refuseWaiting(code: number, effects: SessionEffect[]): void {
    for (const { token } of this.waiting) refuse(token, code, effects);
    this.waiting.clear();
  }
}

/** Answers a request that was never sent. */
export function refuse(token: number, code: number, effects: SessionEffect[]): void {
  effects.push({ kind: 'reply', token, outcome: { kind: 'error', code, zxid: -1 } });
}
