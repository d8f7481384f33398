import { createFlags, errorCodes, openAcl } from '@zookafka/zookeeper-wire';
import {
  expiryBucketOf,
  memberRules,
  negotiatedTimeout,
  SessionTracker,
} from '@zookafka/coordinator/core';
import { type Client, Ensemble } from './harness.ts';

function alone(): { ensemble: Ensemble; client: Client } {
  const ensemble = Ensemble.serving({ members: 1 });
  return { ensemble, client: ensemble.connect(1) };
}

describe('A handshake', () => {
  test('answers a new client with an id that names its member, and a password', () => {
    const { client } = alone();
    expect(client.received[0]).toMatchObject({
      kind: 'connected',
      response: { protocolVersion: 0, timeOut: 1000, readOnly: false },
    });
    expect(client.session.high >>> 24).toBe(1);
    expect(client.password).toHaveLength(16);
  });

  test('leaves the read-only byte out for a client that sent none', () => {
    const { ensemble } = alone();
    const old = ensemble.open(1);
    old.sendConnect({ readOnly: null });
    ensemble.settle();
    expect(old.received[0]).toMatchObject({ response: { readOnly: null } });
  });

  test.each([
    [1, 200],
    [700, 700],
    [99_999, 2000],
  ])('turns a timeout of %i ms into %i', (timeoutMs, agreedMs) => {
    const { ensemble } = alone();
    expect(ensemble.connect(1, timeoutMs).received[0]).toMatchObject({
      response: { timeOut: agreedMs },
    });
    expect(negotiatedTimeout(timeoutMs, { timeoutMsMin: 200, timeoutMsMax: 2000 })).toBe(agreedMs);
  });

  test('closes without a word when the client has seen more than the member', () => {
    const { ensemble, client } = alone();
    const { zxid } = client.create('/a');
    const ahead = ensemble.open(1);
    ahead.sendConnect({ lastZxidSeen: zxid + 1 });
    ensemble.settle();
    expect(ahead.received).toEqual([{ kind: 'closed', afterFlush: false }]);
  });

  test('closes without a word while the member does not serve', () => {
    const ensemble = new Ensemble();
    ensemble.start(1);
    const client = ensemble.open(1);
    client.sendConnect({});
    ensemble.settle();
    expect(client.received).toEqual([{ kind: 'closed', afterFlush: false }]);
  });

  test.each(['an unknown session', 'a wrong password'])('answers %s with timeout 0', (what) => {
    const { ensemble, client } = alone();
    const again = ensemble.open(1);
    if (what === 'a wrong password') again.sendConnect({ session: client.session });
    else again.sendConnect({ session: { high: 1 << 24, low: 5 } });
    ensemble.settle();
    expect(again.received).toEqual([
      {
        kind: 'connected',
        response: expect.objectContaining({
          timeOut: 0,
          sessionId: { high: 0, low: 0 },
        }) as unknown,
      },
      { kind: 'closed', afterFlush: true },
    ]);
  });

  test('closes the older connection of a session that comes back', () => {
    const { ensemble, client } = alone();
    const again = ensemble.open(1);
    again.sendConnect({ session: client.session, password: client.password });
    ensemble.settle();
    expect(client.isClosed).toBe(true);
    expect(again.session).toEqual(client.session);
  });

  test('reads nothing more before the session is agreed', () => {
    const ensemble = Ensemble.serving();
    const client = ensemble.open(ensemble.followers[0] as number);
    client.sendConnect({});
    client.send({ op: 'create', path: '/a', data: null, acl: openAcl, flags: 0 });
    ensemble.settle();
    expect(client.received.map(({ kind }) => kind)).toEqual(['connected', 'reply']);
    expect(client.isPaused).toBe(false);
  });

  test('takes requests of a connection that comes back with old numbers for new ones', () => {
    const ensemble = Ensemble.serving();
    const [first, second] = ensemble.followers as [number, number];
    const client = ensemble.connect(first);
    client.send({ op: 'create', path: '/old', data: null, acl: openAcl, flags: 0 });
    const again = ensemble.open(second);
    again.sendConnect({ session: client.session, password: client.password });
    ensemble.settle();
    const reply = again.ask({ op: 'create', path: '/new', data: null, acl: openAcl, flags: 0 }, 1);
    expect(reply).toMatchObject({ xid: 1, response: { path: '/new' } });
  });
});

describe('A session', () => {
  test('that its client closes is gone before the reply, and the connection after it', () => {
    const { ensemble, client } = alone();
    client.create('/e', createFlags.ephemeral);
    expect(client.ask({ op: 'closeSession' }).err).toBe(0);
    expect(client.received.at(-1)).toEqual({ kind: 'closed', afterFlush: true });
    expect(ensemble.member(1).tree.get('/e')).toBeUndefined();
    expect(ensemble.member(1).tree.sessions.count).toBe(0);
  });

  test('takes an ephemeral node with it that was proposed and not committed', () => {
    const { ensemble, client } = alone();
    client.send({ op: 'create', path: '/e', data: null, acl: openAcl, flags: 1 });
    client.send({ op: 'closeSession' });
    ensemble.settle();
    expect(ensemble.member(1).tree.get('/e')).toBeUndefined();
  });

  test('proposes nothing after its end was proposed', () => {
    const { ensemble, client } = alone();
    client.send({ op: 'closeSession' });
    client.send({ op: 'create', path: '/e', data: null, acl: openAcl, flags: 1 });
    ensemble.settle();
    expect(ensemble.member(1).tree.get('/e')).toBeUndefined();
  });

  test('that expired cannot be taken up again', () => {
    const { ensemble, client } = alone();
    ensemble.runFor(1300);
    expect(client.isClosed).toBe(true);
    const again = ensemble.open(1);
    again.sendConnect({ session: client.session, password: client.password });
    ensemble.settle();
    expect(again.received[0]).toMatchObject({ response: { timeOut: 0 } });
  });

  test('comes back before its end with everything that it owned', () => {
    const { ensemble, client } = alone();
    client.create('/e', createFlags.ephemeral);
    client.close();
    ensemble.runFor(900);
    const again = ensemble.open(1);
    again.sendConnect({ session: client.session, password: client.password });
    ensemble.runFor(900);
    expect(again.ask({ op: 'getEphemerals', prefixPath: '/' }).response).toEqual({
      op: 'getEphemerals',
      ephemerals: ['/e'],
    });
  });
});

describe("The leader's tracker", () => {
  const id = { high: 1, low: 2 };

  test.each([
    [0, 1000, 1100],
    [99, 1000, 1100],
    [100, 1000, 1200],
  ])('gives a session heard of at %i with %i ms up at %i', (nowMs, timeoutMs, bucketMs) => {
    expect(expiryBucketOf(nowMs, timeoutMs, 100)).toBe(bucketMs);
  });

  test('gives up no session within its timeout, and every silent one a tick later', () => {
    const tracker = new SessionTracker(100, memberRules.expiryBucketOf);
    tracker.add(id, 1000, 50);
    tracker.touch(id, 500);
    expect(tracker.takeSilent(1500)).toEqual([]);
    expect(tracker.takeSilent(1600)).toMatchObject([{ id }]);
    expect(tracker.takeSilent(9000)).toEqual([]);
  });

  test('refuses a session that is unknown, about to end, or at another member', () => {
    const tracker = new SessionTracker(100, memberRules.expiryBucketOf);
    expect(tracker.check(id, 1)).toBe('expired');
    tracker.add(id, 1000, 0);
    expect(tracker.check(id, 1)).toBeUndefined();
    expect(tracker.check(id, 2)).toBe('moved');
    tracker.setOwner(id, 2);
    expect(tracker.check(id, 2)).toBeUndefined();
    tracker.setClosing(id);
    expect(tracker.check(id, 2)).toBe('expired');
    expect(tracker.touch(id, 10)).toBe(false);
  });
});

describe('A connection', () => {
  test('is told Unimplemented for an unknown operation, and closed', () => {
    const { client } = alone();
    expect(client.ask({ op: 'unknown', type: 77 }).err).toBe(errorCodes.Unimplemented);
    expect(client.received.at(-1)).toEqual({ kind: 'closed', afterFlush: true });
  });

  test('is told the same for a check outside a multi', () => {
    const { client } = alone();
    expect(client.ask({ op: 'check', path: '/', version: 0 }).err).toBe(errorCodes.Unimplemented);
    expect(client.isClosed).toBe(true);
  });

  test('stays open when a create wants a container', () => {
    const { client } = alone();
    const request = {
      op: 'createContainer',
      path: '/c',
      data: null,
      acl: openAcl,
      flags: 4,
    } as const;
    expect(client.ask(request).err).toBe(errorCodes.Unimplemented);
    expect(client.create('/a').err).toBe(0);
  });

  test('is read no further while too many requests wait, and again when they do not', () => {
    const ensemble = Ensemble.serving({ members: 1, config: { outstandingRequestsMax: 10 } });
    const client = ensemble.connect(1);
    client.wasPaused = false;
    for (let index = 0; index < 30; index++) {
      client.send({ op: 'create', path: `/n${index}`, data: null, acl: openAcl, flags: 0 });
    }
    ensemble.settle();
    expect(client.replies.map(({ xid }) => xid)).toEqual([...Array(30).keys()].map((n) => n + 1));
    expect(client.wasPaused).toBe(true);
    expect(client.isPaused).toBe(false);
  });

  test('is answered at once where nothing has to be agreed on', () => {
    const { client } = alone();
    expect(client.ask({ op: 'ping' }, -2)).toMatchObject({ xid: -2, err: 0, response: null });
    expect(client.get({ op: 'whoAmI' }).clientInfo).toEqual([
      { authScheme: 'ip', user: '127.0.0.1' },
    ]);
    client.create('/a');
    client.create('/a/b');
    expect(client.get({ op: 'getAllChildrenNumber', path: '/a' }).totalNumber).toBe(1);
    expect(client.get({ op: 'sync', path: '/a' })).toEqual({ op: 'sync', path: '/a' });
    const operations = [
      { op: 'getData', path: '/a', watch: false },
      { op: 'getChildren', path: '/none', watch: false },
    ] as const;
    expect(client.get({ op: 'multiRead', operations }).results).toMatchObject([
      { op: 'getData' },
      { op: 'error', err: errorCodes.NoNode },
    ]);
  });
});
