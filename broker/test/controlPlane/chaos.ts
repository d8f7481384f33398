import { type ControllerRules } from '../../src/core/controlPlane/elections.ts';
import { Invariants } from './invariants.ts';
import { World, type Host } from './world.ts';

/** What one seed did, and what it broke. */
export interface Chaos {
  readonly breaches: readonly string[];
  readonly elections: number;
  readonly isrChanges: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly events: number;
  readonly hash: string;
}

/** Every way in which a seed harms its world. */
export const faultKinds = [
  'kill',
  'bounce',
  'cut',
  'cutAnswers',
  'pause',
  'expire',
  'deleteController',
  'deleteRegistration',
  'clean stop',
] as const;

/** Three brokers, three topics, half a minute of faults; then everything heals and must be whole. */
export function runChaos(
  seed: number,
  rules?: ControllerRules,
  hasAddWatch = seed % 3 !== 0,
): Chaos {
  const options = { seed, hasAddWatch, sessionTimeoutMs: 3000, delayMs: [1, 40] } as const;
  const world = new World(rules === undefined ? options : { ...options, rules });
  const invariants = new Invariants(world);
  const faults: Record<string, number> = {};
  world.startAll().run(3000);
  for (const [index, topic] of ['a', 'b', 'c'].entries()) {
    const assignment = [
      [1, 2, 3],
      [2, 3, 1],
      [3, 1, 2],
    ].slice(0, index + 1);
    world.createTopic(world.host(index + 1), topic, assignment);
  }
  world.run(2000);
  for (let round = 0; round < 40; round++) {
    const kind = world.prng.pick(faultKinds);
    const host = world.prng.pick(world.hosts);
    if (harm(world, host, kind)) faults[kind] = (faults[kind] ?? 0) + 1;
    for (let step = 0; step < 8; step++) {
      lead(world);
      world.run(world.prng.below(120));
    }
  }
  for (const host of world.hosts) world.resume(host);
  world.run(1000);
  for (const host of world.hosts) {
    if (host.isStopped) world.kill(host);
    if (!host.isUp) world.start(host);
  }
  world.run(25_000);
  invariants.lookAtPeace();
  return {
    breaches: invariants.breaches,
    elections: invariants.elections,
    isrChanges: invariants.isrChanges,
    faults,
    events: world.events,
    hash: `${world.events}-${world.ensemble.tree.zxid}-${world.traces.length}`,
  };
}

function harm(world: World, host: Host, kind: (typeof faultKinds)[number]): boolean {
  if (!host.isUp) {
    world.start(host);
    return false;
  }
  switch (kind) {
    case 'kill':
      world.kill(host);
      return true;
    case 'bounce':
      world.kill(host);
      // Sometimes without the file that says which session to take up.
      if (world.prng.chance(300)) host.stored = null;
      world.start(host);
      return true;
    case 'clean stop':
      world.feed(host, { kind: 'stop' });
      world.after(200, () => {
        if (host.isStopped) world.kill(host);
      });
      return true;
    case 'cut':
      world.cut(host);
      return true;
    case 'cutAnswers':
      world.cutAnswers(host);
      return true;
    case 'pause':
      world.pause(host);
      world.after(world.prng.between(100, 5000), () => {
        world.resume(host);
      });
      return true;
    case 'expire':
      if (host.stored === null) return false;
      world.ensemble.expire(host.session, world.nowMs);
      return true;
    case 'deleteRegistration':
      return (
        world.ensemble.tool(
          [{ op: 'delete', path: `/brokers/ids/${host.broker}`, version: -1 }],
          world.nowMs,
        ) === 0
      );
    case 'deleteController':
      return (
        world.ensemble.tool([{ op: 'delete', path: '/controller', version: -1 }], world.nowMs) === 0
      );
  }
}

/** What leaders do: they change ISRs at the version that they know. */
function lead(world: World): void {
  for (const host of world.hosts) {
    if (!host.isUp || host.isPaused || !world.prng.chance(500)) continue;
    const led = host.states.filter(
      ({ leader, stateZxid }) =>
        leader === host.broker && host.brokerEpoch !== -1 && stateZxid > host.brokerEpoch,
    );
    if (led.length === 0) continue;
    const state = world.prng.pick(led);
    const { topic, topicId, partition, leaderEpoch, partitionEpoch } = state;
    const others = [1, 2, 3].filter((broker) => broker !== host.broker);
    const other = world.prng.pick(others);
    const isIn = state.isr.includes(other);
    if (!isIn && host.plane?.image.brokers.has(other) !== true) continue;
    const isr = isIn ? state.isr.filter((broker) => broker !== other) : [...state.isr, other];
    world.alterIsr(host, { topic, topicId, partition, leaderEpoch, partitionEpoch, isr });
  }
}
