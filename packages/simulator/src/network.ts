import { type Prng } from '@zookafka/base';
import { type Swarm } from './swarm.ts';
import { type World } from './world.ts';

/** One end of a stream: what its process is told. */
export interface StreamEnd<Message> {
  readonly onMessage: (message: Message) => void;
  readonly onClose: () => void;
}

/** Sends and closes at one end of a stream. */
export interface StreamPort<Message> {
  readonly send: (message: Message) => void;
  readonly close: () => void;
}

/** A process, as the network knows it. */
export interface Host {
  readonly name: string;
  readonly isUp: boolean;
}

interface Stream {
  readonly from: string;
  readonly to: string;
  readonly close: (by: string | undefined) => void;
  /** Something was lost on it: it ends when the network heals. */
  isBroken: boolean;
}

/** How late a vote may be that others overtake. */
const lateMsMax = 500;

/**
 * Connections that keep the order of what is sent, and single messages that do not. A partition swallows what is
 * sent: what a connection lost makes it end once the network heals, as TCP would.
 */
export class Network {
  messageCount = 0;
  private readonly world: World;
  private readonly swarm: Swarm;
  private readonly prng: Prng;
  /** `from>to` pairs that are cut. */
  private readonly cuts = new Set<string>();
  private readonly streams = new Set<Stream>();

  constructor(world: World, swarm: Swarm) {
    this.world = world;
    this.swarm = swarm;
    this.prng = world.chanceFor();
  }

  /** Cuts one way. */
  cut(from: string, to: string): void {
    this.cuts.add(`${from}>${to}`);
  }

  /** Nobody is cut off. */
  get isWhole(): boolean {
    return this.cuts.size === 0;
  }

  heal(): void {
    this.cuts.clear();
    for (const stream of [...this.streams]) if (stream.isBroken) stream.close(undefined);
  }

  /** A process died: all its connections end. */
  closeOf(host: string): void {
    for (const stream of [...this.streams]) {
      if (stream.from === host || stream.to === host) stream.close(host);
    }
  }

  /** Cuts one connection, as a router that forgot it does. */
  closeOne(): boolean {
    const all = [...this.streams];
    if (all.length === 0) return false;
    this.prng.pick(all).close(undefined);
    return true;
  }

  /** Sends a single message: it may be lost, late, doubled, out of order. */
  datagram(from: Host, to: Host, deliver: () => void): void {
    const { world, swarm, prng } = this;
    if (this.isCut(from, to)) return;
    if (prng.chance(swarm.votesLostPermille)) {
      world.history.add(world.nowMs, `a vote of ${from.name} to ${to.name} is lost`);
      swarm.count('loss');
      return;
    }
    const copies = prng.chance(swarm.votesDoubledPermille) ? 2 : 1;
    if (copies === 2) swarm.count('duplicate');
    for (let copy = 0; copy < copies; copy++) {
      const isLate = prng.chance(swarm.votesLatePermille);
      // Later ones overtake it.
      if (isLate) swarm.count('reorder');
      world.after(this.delayMs() + (isLate ? prng.between(20, lateMsMax) : 0), deliver);
    }
  }

  /**
   * Opens a connection. `accept` is asked at the other side: it gives its end, or undefined where nobody listens.
   */
  open<Message>(parts: {
    readonly from: Host;
    readonly to: Host;
    readonly end: StreamEnd<Message>;
    readonly accept: (port: StreamPort<Message>) => StreamEnd<Message> | undefined;
    readonly onOpen: (port: StreamPort<Message>) => void;
    readonly onRefused: () => void;
  }): void {
    const { world } = this;
    const { from, to } = parts;
    const isReachable = (): boolean => to.isUp && !this.isCut(from, to) && !this.isCut(to, from);
    if (!isReachable()) {
      world.after(this.delayMs() + 5, parts.onRefused);
      return;
    }
    world.after(this.delayMs(), () => {
      if (!isReachable() || !from.isUp) parts.onRefused();
      else this.connect(parts);
    });
  }

  private connect<Message>(parts: {
    readonly from: Host;
    readonly to: Host;
    readonly end: StreamEnd<Message>;
    readonly accept: (port: StreamPort<Message>) => StreamEnd<Message> | undefined;
    readonly onOpen: (port: StreamPort<Message>) => void;
    readonly onRefused: () => void;
  }): void {
    const { from, to, end } = parts;
    const ends: { there?: StreamEnd<Message> | undefined } = {};
    let isClosed = false;
    const stream: Stream = {
      from: from.name,
      to: to.name,
      isBroken: false,
      close: (by) => {
        if (isClosed) return;
        isClosed = true;
        this.streams.delete(stream);
        if (by !== from.name) this.world.after(this.delayMs(), end.onClose);
        if (by !== to.name) this.world.after(this.delayMs(), () => ends.there?.onClose());
      },
    };
    const port = (
      sender: Host,
      receiver: Host,
      at: () => StreamEnd<Message> | undefined,
    ): StreamPort<Message> => {
      let lastMs = 0;
      return {
        send: (message) => {
          if (isClosed) return;
          if (this.isCut(sender, receiver)) stream.isBroken = true;
          if (stream.isBroken) return;
          lastMs = Math.max(lastMs, this.world.nowMs + this.delayMs());
          this.world.after(lastMs - this.world.nowMs, () => {
            if (isClosed) return;
            this.messageCount++;
            at()?.onMessage(message);
          });
        },
        close: () => {
          stream.close(sender.name);
        },
      };
    };
    ends.there = parts.accept(port(to, from, () => end));
    if (ends.there === undefined) {
      parts.onRefused();
      return;
    }
    this.streams.add(stream);
    parts.onOpen(port(from, to, () => ends.there));
  }

  private isCut(from: Host, to: Host): boolean {
    return this.cuts.has(`${from.name}>${to.name}`);
  }

  private delayMs(): number {
    const { delayMsMin, delayMsMax, slowPermille } = this.swarm;
    if (this.prng.chance(slowPermille)) {
      this.swarm.count('delay');
      return this.prng.between(delayMsMax, delayMsMax * 20);
    }
    return this.prng.between(delayMsMin, delayMsMax);
  }
}
