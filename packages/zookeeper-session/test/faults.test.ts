import { bytesConcat, Prng, TimerQueue } from '@zookafka/base';
import {
  type SessionEffect,
  type SessionInput,
  type SessionOutcome,
  type SessionRequest,
  type SessionTimer,
  ZookeeperSession,
} from '../src/index.ts';
import { type FakeConnection, FakeStore } from './fakeServer.ts';

const paths = ['/a', '/b', '/c', '/d'];

/** A session, a store and a network that cuts, delays and splits: all from one seed. */
class World {
  readonly store = new FakeStore(paths);
  readonly session: ZookeeperSession;
  readonly outcomes = new Map<number, SessionOutcome>();
  /** In the order of their answers. */
  readonly answered: number[] = [];
  readonly requests = new Map<number, SessionRequest>();
  /** What the client believes of each watched path; -1 while it waits for an answer. */
  readonly known = new Map<string, number>();
  readonly events: string[] = [];
  readonly prng: Prng;
  states: string[] = [];
  nowMs = 0;
  isCalm = false;
  private readonly timers = new TimerQueue<SessionTimer>();
  private server: FakeConnection | undefined;
  private toClient: Uint8Array[] = [];
  private toServer: Uint8Array[] = [];
  private connection = 0;
  private isOpening = false;
  private tokenNext = 1;
  /** What is to be read again: on the next turn, as a program would that does not spin. */
  private readonly unread = new Set<string>();
  private readonly reads = new Map<number, string>();

  constructor(seed: number) {
    this.prng = new Prng(seed);
    this.session = new ZookeeperSession({
      hosts: ['one', 'two'],
      timeoutMs: 6000,
      prng: this.prng.fork(),
      inFlightMax: 1 + this.prng.below(20),
      waitingMax: 50,
    });
    this.step({ kind: 'start' });
    for (const path of paths) this.watch(path);
  }

  run(turns: number): void {
    for (let turn = 0; turn < turns; turn++) this.turn();
  }

  /** Lets everything arrive, without faults, until the client knows all that it asked for. */
  settle(): void {
    this.isCalm = true;
    for (let turn = 0; turn < 2000; turn++) this.turn();
  }

  write(): void {
    const value = this.tokenNext;
    const data = Uint8Array.of(value >> 8, value & 0xff);
    this.ask({ op: 'setData', path: this.prng.pick(paths), data, version: -1 });
  }

  private turn(): void {
    this.nowMs += this.prng.below(100);
    const [path] = this.unread;
    if (path !== undefined) {
      this.unread.delete(path);
      this.watch(path);
    }
    const draw = this.isCalm ? 200 + this.prng.below(800) : this.prng.below(1000);
    if (draw < 20) this.cut();
    else if (draw < 25) this.nowMs += 4500;
    else if (draw < 100) this.store.write(this.prng.pick(paths), 60_000 + this.prng.below(1000));
    else if (draw < 200) this.write();
    else if (draw < 500) this.deliverToServer();
    else this.deliverToClient();
    for (let due = this.timers.takeDue(this.nowMs); due; due = this.timers.takeDue(this.nowMs)) {
      this.step({ kind: 'timer', timer: due });
    }
    if (this.isOpening && this.prng.chance(300)) {
      this.isOpening = false;
      this.server = this.store.connect((bytes) => this.toClient.push(bytes));
      this.step({ kind: 'connected', connection: this.connection });
    }
  }

  private deliverToServer(): void {
    const bytes = this.toServer.shift();
    if (bytes !== undefined) this.server?.receive(bytes);
  }

  private deliverToClient(): void {
    const all = bytesConcat(this.toClient);
    if (all.length === 0) return;
    const length = 1 + this.prng.below(all.length);
    this.toClient = length < all.length ? [all.subarray(length)] : [];
    const bytes = all.slice(0, length);
    this.step({ kind: 'received', connection: this.connection, bytes });
  }

  private cut(): void {
    this.forget();
    this.step({ kind: 'disconnected', connection: this.connection });
  }

  private forget(): void {
    if (this.server !== undefined) this.store.drop(this.server);
    this.server = undefined;
    this.isOpening = false;
    this.toClient = [];
    this.toServer = [];
  }

  private ask(request: SessionRequest): number {
    const token = this.tokenNext++;
    this.requests.set(token, request);
    this.step({ kind: 'request', token, request });
    return token;
  }

  private watch(path: string): void {
    this.known.set(path, -1);
    this.reads.set(this.tokenNext, path);
    this.ask({ op: 'getData', path, watch: true });
  }

  private step(input: SessionInput): void {
    const effects: SessionEffect[] = [];
    this.session.step(input, this.nowMs, effects);
    for (const effect of effects) this.perform(effect);
  }

  private perform(effect: SessionEffect): void {
    switch (effect.kind) {
      case 'connect':
        this.connection = effect.connection;
        this.isOpening = true;
        return;
      case 'disconnect':
        this.forget();
        return;
      case 'send':
        this.toServer.push(effect.bytes);
        return;
      case 'setTimer':
        this.timers.set(effect.timer, this.nowMs + effect.delayMs);
        return;
      case 'cancelTimer':
        this.timers.cancel(effect.timer);
        return;
      case 'state':
        this.states.push(effect.state);
        return;
      case 'event':
        this.events.push(effect.path);
        this.watch(effect.path);
        return;
      case 'reply':
        this.onReply(effect.token, effect.outcome);
        return;
      default:
    }
  }

  private onReply(token: number, outcome: SessionOutcome): void {
    if (this.outcomes.has(token)) throw new Error(`Request ${token} was answered twice`);
    this.outcomes.set(token, outcome);
    if (outcome.kind === 'ok') this.answered.push(token);
    const path = this.reads.get(token);
    if (path === undefined) return;
    if (outcome.kind !== 'ok' || outcome.response.op !== 'getData') this.unread.add(path);
    else {
      const [high, low] = outcome.response.data as unknown as [number, number];
      this.known.set(path, (high << 8) | low);
    }
  }
}

const seeds = Array.from({ length: 60 }, (_none, index) => index + 1);

describe('a session on a network with faults', () => {
  it.each(seeds)('keeps its word (seed %d)', (seed) => {
    const world = new World(seed);
    world.run(3000);
    world.settle();

    // Every request has one outcome, and answers come in the order of the requests.
    expect(world.outcomes.size).toBe(world.requests.size);
    expect(world.answered).toEqual([...world.answered].sort((left, right) => left - right));

    // What was done was done once, what was refused never; what is unknown may be either.
    for (const [token, request] of world.requests) {
      if (request.op !== 'setData') continue;
      const times = world.store.writes.get(token) ?? 0;
      const { kind } = world.outcomes.get(token) as SessionOutcome;
      expect([kind, times <= 1]).toEqual([kind, true]);
      if (kind !== 'unknown') expect([kind, times]).toEqual([kind, kind === 'ok' ? 1 : 0]);
    }

    // No change of a watched node was missed: the client knows what is there now.
    const actual = [...world.store.nodes].map(([path, { data }]) => [path, data]);
    expect([...world.known]).toEqual(actual);
    expect(world.states.filter((state) => state === 'expired')).toEqual([]);
  });

  it('has met every fault in these seeds: cuts, lost answers, events after a reconnect', () => {
    const kinds = new Set<string>();
    let connections = 0;
    for (const seed of seeds.slice(0, 10)) {
      const world = new World(seed);
      world.run(3000);
      connections += world.states.filter((state) => state === 'connected').length;
      for (const { kind } of world.outcomes.values()) kinds.add(kind);
      expect(world.events.length).toBeGreaterThan(0);
    }
    expect([...kinds].sort()).toEqual(['error', 'ok', 'unknown']);
    expect(connections).toBeGreaterThan(100);
  });

  it('hears that it expired from the server, and ends', () => {
    const world = new World(1);
    world.settle();
    world.store.isExpired = true;
    world.isCalm = false;
    world.run(3000);
    expect(world.states.at(-1)).toBe('expired');
  });
});
