import { type Prng, utf8Decode, utf8Encode } from '@zookafka/base';
import {
  type SessionEffect,
  type SessionInput,
  type SessionOutcome,
  type SessionRequest,
  ZookeeperSession,
} from '@zookafka/zookeeper-session';
import { createFlags, openAcl, type ResponseOf } from '@zookafka/zookeeper-wire';
import { type Network } from './network.ts';
import { SessionTransport, type TransportInput } from './sessionTransport.ts';
import { type SimulatedMember } from './simulatedMember.ts';
import { SimulatedNode } from './simulatedNode.ts';
import { type Swarm } from './swarm.ts';
import { type World } from './world.ts';

/** A value that was acknowledged, and at which zxid. */
export interface AckedValue {
  readonly path: string;
  readonly value: string;
  readonly zxid: number;
}

/** What a znode client saw, for the checks of its session. */
export interface ZnodeClientReport {
  acked: number;
  readonly values: AckedValue[];
}

interface WatchHeld {
  /** The value's zxid that the read which set the watch showed. */
  readonly mzxid: number;
}

const keyCount = 6;

/**
 * A client of the ensemble with a workload: values that are never used twice, ephemerals, reads with watches.
 *
 * Checks its own session: W1, no answer shows a change before the watch's event did; W4, a watched change is told.
 */
export class ZnodeClient extends SimulatedNode<SessionInput, SessionEffect> {
  readonly report: ZnodeClientReport = { acked: 0, values: [] };
  private readonly prng: Prng;
  private readonly swarm: Swarm;
  private readonly network: Network;
  private transport: SessionTransport;
  private readonly members: () => readonly SimulatedMember[];
  private readonly waiting = new Map<
    number,
    { readonly request: SessionRequest; readonly settle: (outcome: SessionOutcome) => void }
  >();
  private readonly watches = new Map<string, WatchHeld>();
  private tokenNext = 1;
  private valueNext = 1;
  private isStopping = false;

  constructor(parts: {
    readonly world: World;
    readonly network: Network;
    readonly swarm: Swarm;
    readonly index: number;
    readonly members: () => readonly SimulatedMember[];
  }) {
    super(parts.world, `client-${parts.index}`);
    this.prng = parts.world.chanceFor();
    this.members = parts.members;
    this.swarm = parts.swarm;
    this.network = parts.network;
    this.transport = this.makeTransport();
  }

  start(): void {
    this.transport.end();
    this.transport = this.makeTransport();
    this.watches.clear();
    this.waiting.clear();
    const hosts = this.members().map(({ name }) => name);
    this.begin(
      new ZookeeperSession({ hosts, timeoutMs: 4000, prng: this.prng.fork(), reconnectMsMax: 300 }),
    );
    this.feed({ kind: 'start' });
    this.think();
  }

  /** Asks for nothing more. */
  stop(): void {
    this.isStopping = true;
    this.resume();
  }

  /** Reads a key once more, for the end of a run. */
  ask(request: SessionRequest, settle: (outcome: SessionOutcome) => void): void {
    const token = this.tokenNext++;
    this.waiting.set(token, { request, settle });
    this.feed({ kind: 'request', token, request });
  }

  protected timerInput(timer: string): SessionInput {
    return { kind: 'timer', timer } as SessionInput;
  }

  protected afterStep(): void {
    // Its checks are made as answers and events come.
  }

  protected traced(): void {
    // Nothing of a session's own events is checked.
  }

  protected perform(effect: SessionEffect): void {
    switch (effect.kind) {
      case 'connect':
        this.transport.connect(effect.connection, effect.host);
        return;
      case 'send':
        this.transport.send(effect.connection, effect.bytes);
        return;
      case 'disconnect':
        this.transport.disconnect(effect.connection);
        return;
      case 'reply': {
        const waiting = this.waiting.get(effect.token);
        this.waiting.delete(effect.token);
        waiting?.settle(effect.outcome);
        return;
      }
      case 'event':
        this.watches.delete(effect.path);
        return;
      case 'state':
        if (effect.state === 'expired' || effect.state === 'closed') this.startAnew();
        return;
      default:
        return;
    }
  }

  private makeTransport(): SessionTransport {
    const { network, members } = this;
    return new SessionTransport({
      network,
      owner: this,
      members,
      feed: (input: TransportInput) => {
        this.feed(input);
      },
    });
  }

  private startAnew(): void {
    this.end();
    // A watch ends with its session.
    this.watches.clear();
    if (!this.isStopping) this.start();
  }

  private leave(): void {
    if (this.prng.chance(500)) {
      this.feed({ kind: 'close' });
      return;
    }
    this.pause();
    this.world.after(this.prng.between(1000, 7000), () => {
      this.resume();
    });
  }

  private think(): void {
    this.later(1 + this.prng.below(this.swarm.thinkMsMax), () => {
      if (this.isStopping) return;
      // Sessions end as well: some in order, some because nobody hears of them for too long.
      if (this.prng.chance(8)) this.leave();
      else this.act();
      this.think();
    });
  }

  private act(): void {
    const path = `/key-${this.prng.below(keyCount)}`;
    const draw = this.prng.below(10);
    if (draw < 4) this.write(path);
    else if (draw < 7) this.read(path);
    else if (draw < 8)
      this.create(`/own-${this.name}-${this.prng.below(3)}`, createFlags.ephemeral);
    else if (draw < 9) this.create('/queue-', createFlags.persistentSequential);
    else this.ask({ op: 'exists', path, watch: false }, () => undefined);
  }

  private write(path: string): void {
    const value = `${this.name}:${this.valueNext++}`;
    const data = utf8Encode(value);
    this.ask({ op: 'setData', path, data, version: -1 }, (outcome) => {
      if (outcome.kind === 'ok') {
        const { stat } = outcome.response as ResponseOf<'setData'>;
        this.report.values.push({ path, value, zxid: stat.mzxid });
        this.report.acked++;
      } else if (outcome.kind === 'error') this.create(path, createFlags.persistent);
    });
  }

  private create(path: string, flags: number): void {
    const data = utf8Encode(`${this.name}:${this.valueNext++}`);
    this.ask({ op: 'create', path, data, acl: openAcl, flags }, (outcome) => {
      if (outcome.kind === 'ok') this.report.acked++;
    });
  }

  private read(path: string): void {
    const watch = !this.watches.has(path);
    this.ask({ op: 'getData', path, watch }, (outcome) => {
      if (outcome.kind !== 'ok') return;
      const { data, stat } = outcome.response as ResponseOf<'getData'>;
      const held = this.watches.get(path);
      // The read that set a watch is the first to show its value; a later one may not show more before the event.
      if (held !== undefined && stat.mzxid > held.mzxid) {
        this.world.history.violated(
          'W1',
          `${this.name} was shown ${path} = ${data === null ? 'null' : utf8Decode(data)} before the event of its watch`,
        );
      }
      if (watch && held === undefined) this.watches.set(path, { mzxid: stat.mzxid });
      this.report.acked++;
    });
  }

  /** W4: at the end, when all is quiet, no watch is left over on a value that has changed since. */
  checkWatches(mzxidOf: (path: string) => number | undefined): void {
    for (const [path, { mzxid }] of this.watches) {
      const now = mzxidOf(path);
      if (now === undefined || now <= mzxid) continue;
      this.world.history.violated('W4', `${this.name} was never told that ${path} changed`);
    }
  }
}
