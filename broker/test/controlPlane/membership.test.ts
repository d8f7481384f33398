import { World } from './world.ts';

const order = (world: World, broker: number): string[] =>
  world.traces.filter((trace) => trace.broker === broker).map(({ event }) => event);

describe('registration', () => {
  it('takes the czxid of its znode as broker epoch, and leaves the znode at version 1', () => {
    const world = new World({ brokers: 1 }).startAll().run(1000);
    const { stat } = world.ensemble.tree.at('/brokers/ids/1');
    expect(world.host(1).brokerEpoch).toBe(stat.czxid);
    expect(stat.version).toBe(1);
  });

  it('agrees on one cluster id, and creates what every broker needs', () => {
    const world = new World().startAll().run(2000);
    const ids = new Set(world.hosts.map((host) => host.plane?.image.clusterId));
    expect(ids.size).toBe(1);
    expect(world.ensemble.tree.znodes.get('/latest_producer_id_block')?.data).toBeNull();
    for (const path of ['/consumers', '/config/changes', '/admin/delete_topics', '/config/ips']) {
      expect(world.ensemble.tree.znodes.has(path)).toBe(true);
    }
  });

  it('creates its chroot, level by level, and lives below it', () => {
    const world = new World({ brokers: 2 });
    for (const host of world.hosts) world.start(host, { chroot: '/kafka/blue' });
    world.run(2000);
    const { znodes } = world.ensemble.tree;
    expect(znodes.has('/kafka/blue/brokers/ids/1')).toBe(true);
    expect(znodes.has('/kafka/blue/brokers/ids/2')).toBe(true);
    expect(znodes.has('/brokers')).toBe(false);
    expect(world.traced('registrationWaiting')).toEqual([]);
  });

  it('a killed broker that comes back takes its old session up, closes it, and registers anew', () => {
    const world = new World().startAll().run(2000);
    const host = world.host(2);
    const [epoch, session] = [host.brokerEpoch, host.session];
    world.kill(host);
    world.run(500);
    world.start(host);
    world.run(1000);
    expect(host.brokerEpoch).toBeGreaterThan(epoch);
    expect(world.ensemble.isAlive(session)).toBe(false);
    const states = world.traced('sessionState', 2).map(({ facts }) => facts['state']);
    expect(states).toContain('reattached');
    expect(order(world, 2)).not.toContain('registrationWaiting');
  });

  it('without its old session it waits, saying why, until the ensemble ends that session', () => {
    const world = new World().startAll().run(2000);
    const host = world.host(2);
    world.kill(host);
    host.stored = null;
    world.start(host);
    world.run(3000);
    expect(host.brokerEpoch).toBe(-1);
    expect(world.traced('registrationWaiting', 2)[0]?.facts['reason']).toMatch(
      /^session 0x\w+ holds the registration$/,
    );
    world.run(5000);
    expect(host.brokerEpoch).toBeGreaterThan(0);
    expect(host.refusedBecause).toBe('');
  });

  it('is refused when another process with its id lives on', () => {
    const world = new World({ brokers: 2 });
    world.start(world.host(1));
    world.run(1000);
    const address = { listener: 'P', host: 'other', port: 1, securityProtocol: 'PLAINTEXT' };
    world.start(world.host(2), { broker: 1, endpoints: [address] });
    world.run(10_000);
    expect(world.host(2).refusedBecause).toMatch(/holds the registration/);
    expect(world.host(1).sessionsLost).toBe(0);
  });

  it('is refused when another broker advertises its address', () => {
    const world = new World({ brokers: 2 });
    const address = { listener: 'P', host: 'same', port: 1, securityProtocol: 'PLAINTEXT' };
    world.start(world.host(1), { endpoints: [address] });
    world.run(1000);
    world.start(world.host(2), { endpoints: [address] });
    world.run(10_000);
    expect(world.host(2).refusedBecause).toBe('broker 1 advertises same:1 too');
  });

  it('keeps its epoch over a cut connection, and finds a registration whose answer was lost', () => {
    const world = new World({ brokers: 1, delayMs: [10, 10] });
    world.start(world.host(1));
    const { tree } = world.ensemble;
    world.runUntil(() => tree.znodes.has('/brokers/ids/1'));
    world.cut(world.host(1));
    expect(world.host(1).brokerEpoch).toBe(-1);
    world.run(3000);
    const { czxid } = tree.at('/brokers/ids/1').stat;
    expect(world.host(1).brokerEpoch).toBe(czxid);
    world.cut(world.host(1));
    world.run(3000);
    expect(tree.at('/brokers/ids/1').stat.czxid).toBe(czxid);
    expect(world.traced('registered')).toHaveLength(1);
  });

  it('never ends its own session: silence for long leaves it where it was, until the ensemble tells', () => {
    const world = new World().startAll().run(2000);
    const host = world.host(3);
    world.pause(host);
    world.run(60_000);
    expect(host.sessionsLost).toBe(0);
    world.resume(host);
    world.run(3000);
    expect(host.sessionsLost).toBe(1);
    expect(host.brokerEpoch).toBeGreaterThan(0);
  });

  it('registers again when a tool deletes its registration', () => {
    const world = new World().startAll().run(2000);
    const host = world.otherThan(world.controller);
    const path = `/brokers/ids/${host.broker}`;
    world.ensemble.tool([{ op: 'delete', path, version: -1 }], world.nowMs);
    world.run(1000);
    expect(host.brokerEpoch).toBe(world.ensemble.tree.at(path).stat.czxid);
    expect(world.traced('registered', host.broker)).toHaveLength(2);
    expect(host.sessionsLost).toBe(0);
  });

  it('a clean stop makes the registration go at once', () => {
    const world = new World().startAll().run(2000);
    world.feed(world.host(3), { kind: 'stop' });
    world.run(50);
    expect(world.host(3).isStopped).toBe(true);
    expect(world.ensemble.tree.children('/brokers/ids').sort()).toEqual(['1', '2']);
  });
});

describe('the election of a controller', () => {
  const controllerOf = (world: World): number[] =>
    world.hosts.filter((host) => host.plane?.isController).map(({ broker }) => broker);

  it('has one winner, whom all know, and epoch 1 first', () => {
    const world = new World().startAll().run(2000);
    const [winner] = controllerOf(world);
    expect(controllerOf(world)).toHaveLength(1);
    for (const host of world.hosts) expect(host.plane?.image.controllerId).toBe(winner);
    expect(world.ensemble.tree.text('/controller_epoch')).toBe('1');
  });

  it('K11: after an expired session the controller resigns before it registers again', () => {
    const world = new World().startAll().run(2000);
    const [winner] = controllerOf(world) as [number];
    world.traces.length = 0;
    world.ensemble.expire(world.host(winner).session, world.nowMs);
    world.run(3000);
    const events = order(world, winner);
    expect(events.indexOf('controllerResigned')).toBeGreaterThanOrEqual(0);
    expect(events.indexOf('controllerResigned')).toBeLessThan(events.indexOf('registered'));
    expect(controllerOf(world)).toHaveLength(1);
    expect(world.ensemble.tree.text('/controller_epoch')).toBe('2');
  });

  it('an election whose answer was lost is found won after the next connection', () => {
    const world = new World({ brokers: 1, delayMs: [10, 10] }).startAll();
    world.runUntil(() => world.ensemble.tree.znodes.has('/controller'));
    world.cut(world.host(1));
    expect(controllerOf(world)).toEqual([]);
    world.run(3000);
    expect(controllerOf(world)).toEqual([1]);
    expect(world.ensemble.tree.text('/controller_epoch')).toBe('1');
  });

  it('a cut connection costs the controller nothing but a new reading', () => {
    const world = new World().startAll().run(2000);
    const [winner] = controllerOf(world) as [number];
    world.cut(world.host(winner));
    world.run(3000);
    expect(controllerOf(world)).toEqual([winner]);
    expect(world.traced('controllerElected')).toHaveLength(1);
    expect(world.traced('controllerLoaded')).toHaveLength(2);
  });

  it('K11: who wrote the epoch last is controller, and an older one gives /controller up', () => {
    const world = new World().startAll().run(2000);
    const data = new TextEncoder().encode('41');
    world.ensemble.tool([{ op: 'setData', path: '/controller_epoch', data, version: -1 }], 0);
    world.createTopic(world.host(1), 't', [[1]]);
    world.run(5000);
    expect(world.traced('controllerResigned')).toHaveLength(1);
    expect(world.ensemble.tree.text('/controller_epoch')).toBe('42');
    expect(controllerOf(world)).toHaveLength(1);
    expect(world.state('t')?.controller_epoch).toBe(42);
  });
});
