import { createFlags, eventTypes, openAcl } from '@zookafka/zookeeper-wire';
import { bytesOf, Ensemble } from './harness.ts';

describe('An ensemble of three', () => {
  test('creates a node through a follower, and every member has it', () => {
    const ensemble = Ensemble.serving();
    const client = ensemble.connect(ensemble.followers[0] as number);
    const reply = client.create('/a', 0, bytesOf('one'));
    expect(reply).toMatchObject({ xid: 1, err: 0, response: { op: 'create', path: '/a' } });
    for (const { member } of ensemble.nodes) {
      expect(member?.tree.get('/a')?.data).toEqual(bytesOf('one'));
      expect(member?.lastZxid).toBe(reply.zxid);
    }
    expect(new Set(ensemble.digests()).size).toBe(1);
  });

  test("deletes an expired session's ephemeral nodes on every member", () => {
    const ensemble = Ensemble.serving();
    const [first, second] = ensemble.followers as [number, number];
    const client = ensemble.connect(first, 500);
    const watcher = ensemble.connect(second, 2000);
    client.create('/lock', createFlags.ephemeral);
    watcher.ask({ op: 'exists', path: '/lock', watch: true });
    client.close();
    ensemble.runFor(450);
    watcher.ask({ op: 'ping' });
    expect(ensemble.member(first).tree.get('/lock')).toBeDefined();
    ensemble.runFor(400);
    for (const { member } of ensemble.nodes) {
      expect(member?.tree.get('/lock')).toBeUndefined();
      expect(member?.tree.sessions.count).toBe(1);
    }
    expect(watcher.events).toMatchObject([{ type: eventTypes.NodeDeleted, path: '/lock' }]);
    expect(new Set(ensemble.digests()).size).toBe(1);
  });

  test('keeps a session alive by the pings that a follower hears', () => {
    const ensemble = Ensemble.serving();
    const client = ensemble.connect(ensemble.followers[0] as number, 500);
    client.create('/lock', createFlags.ephemeral);
    for (let round = 0; round < 20; round++) {
      client.ask({ op: 'ping' }, -2);
      ensemble.runFor(200);
    }
    expect(ensemble.member(1).tree.get('/lock')).toBeDefined();
  });

  test('keeps sessions over a change of the leader, each with a full timeout', () => {
    const ensemble = Ensemble.serving();
    const old = ensemble.leader;
    const follower = ensemble.followers[0] as number;
    const client = ensemble.connect(follower, 1000);
    client.create('/lock', createFlags.ephemeral);
    ensemble.kill(old);
    ensemble.runUntil(() =>
      ensemble.nodes.some(({ member }) => member?.isLeading === true && member.isServing),
    );
    expect(client.isClosed).toBe(true);
    ensemble.runUntil(() => ensemble.member(follower).isServing);
    const again = ensemble.open(follower);
    again.sendConnect({ session: client.session, password: client.password, timeoutMs: 1000 });
    ensemble.settle();
    expect(again.session).toEqual(client.session);
    expect(again.get({ op: 'getData', path: '/lock', watch: false }).stat.ephemeralOwner).toEqual(
      client.session,
    );
  });

  test('answers requests of one session in their order, reads after its own writes', () => {
    const ensemble = Ensemble.serving();
    const client = ensemble.connect(ensemble.followers[0] as number);
    client.create('/n', 0, bytesOf('0'));
    client.send({ op: 'setData', path: '/n', data: bytesOf('1'), version: -1 });
    client.send({ op: 'getData', path: '/n', watch: false });
    client.send({ op: 'setData', path: '/n', data: bytesOf('2'), version: -1 });
    client.send({ op: 'sync', path: '/n' });
    client.send({ op: 'getData', path: '/n', watch: false });
    ensemble.settle();
    const replies = client.replies;
    expect(replies.map(({ xid }) => xid)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(replies[2]?.response).toMatchObject({ data: bytesOf('1') });
    expect(replies[4]?.response).toEqual({ op: 'sync', path: '/n' });
    expect(replies[5]?.response).toMatchObject({ data: bytesOf('2') });
  });

  test("sends a watch's event before the reply that shows the change", () => {
    const ensemble = Ensemble.serving();
    const client = ensemble.connect(ensemble.leader);
    client.create('/n');
    client.ask({ op: 'getData', path: '/n', watch: true });
    client.ask({ op: 'setData', path: '/n', data: null, version: 0 });
    const kinds = client.received.slice(-2).map(({ kind }) => kind);
    expect(kinds).toEqual(['event', 'reply']);
    expect(client.events[0]).toMatchObject({ zxid: client.replies.at(-1)?.zxid });
  });

  test('brings an empty member up by a snapshot', () => {
    const ensemble = new Ensemble({ committedLogCountMax: 5 });
    ensemble.start(1);
    ensemble.start(2);
    ensemble.runUntil(() => ensemble.member(1).isServing && ensemble.member(2).isServing);
    const client = ensemble.connect(1, 2000);
    for (let index = 0; index < 300; index++) client.create(`/n${index}`);
    client.create('/lock', createFlags.ephemeral);
    ensemble.start(3);
    ensemble.runUntil(() => ensemble.member(3).isServing);
    expect(ensemble.node(3).traces.some(({ event }) => event === 'snapshotInstalled')).toBe(true);
    expect(ensemble.member(3).tree.count).toBe(305);
    expect(new Set(ensemble.digests()).size).toBe(1);
    expect(ensemble.member(3).tree.sessions.count).toBe(1);
  });

  test('comes back from its disks: snapshot, then log', () => {
    const ensemble = Ensemble.serving({ config: { snapCount: 40 } });
    const client = ensemble.connect(1, 2000);
    for (let index = 0; index < 100; index++) client.create(`/n${index}`);
    const digest = ensemble.digests()[0];
    expect(ensemble.nodes.every(({ disk }) => disk.snapshot !== null)).toBe(true);
    for (const { id } of ensemble.nodes) ensemble.kill(id);
    for (const { id } of ensemble.nodes) ensemble.start(id);
    ensemble.runUntil(() => ensemble.nodes.every(({ member }) => member?.isServing === true));
    expect(ensemble.digests()).toEqual([digest, digest, digest]);
  });

  test('gives a returning client what it missed, and re-arms the rest', () => {
    const ensemble = Ensemble.serving();
    const [first, second] = ensemble.followers as [number, number];
    const client = ensemble.connect(first, 2000);
    const other = ensemble.connect(second, 2000);
    const seen = client.create('/same').zxid;
    client.close();
    other.ask({ op: 'setData', path: '/same', data: bytesOf('new'), version: -1 });
    other.create('/came');
    const again = ensemble.open(second);
    again.sendConnect({ session: client.session, password: client.password, lastZxidSeen: seen });
    ensemble.settle();
    const reply = again.ask(
      {
        op: 'setWatches',
        relativeZxid: seen,
        dataWatches: ['/same', '/gone'],
        existWatches: ['/came', '/absent'],
        childWatches: ['/'],
      },
      -8,
    );
    expect(reply).toMatchObject({ xid: -8, err: 0 });
    expect(again.events).toEqual([
      { type: eventTypes.NodeDataChanged, path: '/same', zxid: -1 },
      { type: eventTypes.NodeDeleted, path: '/gone', zxid: -1 },
      { type: eventTypes.NodeCreated, path: '/came', zxid: -1 },
      { type: eventTypes.NodeChildrenChanged, path: '/', zxid: -1 },
    ]);
    other.create('/absent');
    expect(again.events.at(-1)).toMatchObject({ type: eventTypes.NodeCreated, path: '/absent' });
  });

  test('moves a session to the member that its client came to', () => {
    const ensemble = Ensemble.serving();
    const [first, second] = ensemble.followers as [number, number];
    const client = ensemble.connect(first, 2000);
    const moved = ensemble.open(second);
    moved.sendConnect({ session: client.session, password: client.password });
    ensemble.settle();
    expect(moved.session).toEqual(client.session);
    client.send({ op: 'create', path: '/late', data: null, acl: openAcl, flags: 0 });
    ensemble.settle();
    expect(client.isClosed).toBe(true);
    expect(client.replies).toEqual([]);
    expect(moved.isClosed).toBe(false);
    expect(ensemble.member(1).tree.get('/late')).toBeUndefined();
    expect(moved.create('/own').err).toBe(0);
  });

  test('closes the connection of a client that left the leader for a follower', () => {
    const ensemble = Ensemble.serving();
    const client = ensemble.connect(ensemble.leader, 2000);
    const moved = ensemble.open(ensemble.followers[0] as number);
    moved.sendConnect({ session: client.session, password: client.password });
    ensemble.settle();
    expect(client.isClosed).toBe(true);
    expect(moved.create('/own').err).toBe(0);
  });
});
