import { Prng } from '@zookafka/base';
import {
  errorCodes,
  eventTypes,
  noSession,
  openAcl,
  type Response,
  watchModes,
} from '@zookafka/zookeeper-wire';
import { type SessionRequest } from '../src/index.ts';
import { Harness, password, sessionId } from './harness.ts';

const stat = {
  czxid: 1,
  mzxid: 1,
  ctime: 0,
  mtime: 0,
  version: 0,
  cversion: 0,
  aversion: 0,
  ephemeralOwner: noSession,
  dataLength: 0,
  numChildren: 0,
  pzxid: 1,
};

const getData = (path: string, watch = false): SessionRequest => ({ op: 'getData', path, watch });
const exists = (path: string): SessionRequest => ({ op: 'exists', path, watch: true });
const children = (path: string): SessionRequest => ({ op: 'getChildren2', path, watch: true });
const data: Response = { op: 'getData', data: null, stat };

function ok(xid: number, response: Response | null, zxid = 10) {
  return { xid, zxid, err: 0, response };
}

function failed(xid: number, err: number, zxid = 10) {
  return { xid, zxid, err, response: null };
}

/** A session that holds one watch of each one-shot kind: data on /d, exist on /e, child on /c. */
function withWatches(): Harness {
  const harness = new Harness().connect();
  harness.request(getData('/d', true));
  harness.request(exists('/e'));
  harness.request(children('/c'));
  return harness.reply(
    ok(1, data),
    failed(2, errorCodes.NoNode),
    ok(3, { op: 'getChildren2', children: [], stat }),
  );
}

describe('the handshake', () => {
  it('asks for a new session with zeros, and without read-only', () => {
    const harness = new Harness().step({ kind: 'start' }).opened();
    expect(harness.sent).toEqual([
      {
        kind: 'connect',
        request: {
          protocolVersion: 0,
          lastZxidSeen: 0,
          timeOut: 9000,
          sessionId: noSession,
          passwd: new Uint8Array(16),
          readOnly: false,
        },
      },
    ]);
  });

  it('takes the timeout that the server agrees to, with or without the readOnly byte', () => {
    const harness = new Harness().step({ kind: 'start' }).opened().answerConnect(4000, null);
    expect(harness.of('state')).toEqual([
      { kind: 'state', state: 'connected', sessionId, password, timeoutMs: 4000 },
    ]);
  });

  it('shows the session and the last zxid when it connects again', () => {
    const harness = new Harness().connect();
    harness.request(getData('/a'));
    harness.reply(ok(1, data, 77));
    harness.cut().timer('reconnect').opened();
    expect(harness.sent).toMatchObject([
      { request: { lastZxidSeen: 77, sessionId, passwd: password } },
    ]);
  });

  it('takes up a session that an earlier process had', () => {
    const stored = { sessionId, password, lastZxid: 5 };
    const harness = new Harness({ stored }).step({ kind: 'start' }).opened();
    expect(harness.sent).toMatchObject([
      { request: { lastZxidSeen: 5, sessionId, passwd: password } },
    ]);
    expect(harness.answerConnect(9000).session.stored).toEqual(stored);
  });

  it('ends the session as expired when the server answers with no timeout, and only then', () => {
    const harness = new Harness().connect();
    harness.nowMs += 1e9;
    harness.timer('heartbeat');
    expect(harness.states).toEqual(['disconnected']);
    const waiting = harness.request(getData('/a'));
    harness.timer('reconnect').opened().answerConnect(0);
    expect(harness.states).toEqual(['expired']);
    expect(harness.of('disconnect')).toHaveLength(1);
    expect(harness.outcomes).toEqual([[waiting, errorCodes.SessionExpired]]);
    const late = harness.request(getData('/a'));
    expect(harness.outcomes).toEqual([[late, errorCodes.SessionExpired]]);
    expect(harness.timer('reconnect').effects).toEqual([]);
  });

  it('sends identities, then watches, then what waited', () => {
    const auth = { scheme: 'digest', auth: new Uint8Array([1]) };
    const harness = new Harness({ auth: [auth] }).connect();
    harness.request(getData('/d', true));
    harness.reply(ok(1, data, 8)).cut();
    harness.request(getData('/later'));
    harness.timer('reconnect').opened();
    const sent = harness.answerConnect(9000).sent;
    expect(sent).toMatchObject([
      { xid: -4, request: { op: 'auth', type: 0, ...auth } },
      { xid: -8, request: { op: 'setWatches', relativeZxid: 8, dataWatches: ['/d'] } },
      { xid: 2, request: { op: 'getData', path: '/later' } },
    ]);
  });

  it('is given up after its share of the timeout, and another host is tried', () => {
    const harness = new Harness({ hosts: ['one:1', 'two:2', 'three:3'] }).step({ kind: 'start' });
    const hosts: string[] = [];
    for (let attempt = 0; attempt < 6; attempt++) {
      hosts.push(...harness.of('connect').map(({ host }) => host));
      expect(harness.of('setTimer')).toEqual([
        { kind: 'setTimer', timer: 'connect', delayMs: 3000 },
      ]);
      harness.timer('connect').timer('reconnect');
    }
    expect(new Set(hosts.slice(0, 3)).size).toBe(3);
    expect(hosts.slice(3)).toEqual(hosts.slice(0, 3));
  });

  it('waits less than a second before the next attempt, and not always as long', () => {
    const harness = new Harness().step({ kind: 'start' });
    const delays = Array.from({ length: 20 }, () => {
      const [timer] = harness.cut().of('setTimer');
      harness.timer('reconnect');
      return timer?.delayMs ?? -1;
    });
    expect(delays.every((delayMs) => delayMs >= 0 && delayMs < 1000)).toBe(true);
    expect(new Set(delays).size).toBeGreaterThan(10);
  });

  it('tries hosts in an order that the seed decides', () => {
    const hosts = ['a', 'b', 'c', 'd', 'e', 'f'];
    const first = (seed: number): unknown =>
      new Harness({ hosts, prng: new Prng(seed) }).step({ kind: 'start' }).of('connect')[0]?.host;
    const drawn = [1, 2, 3, 4, 5, 6, 7, 8].map(first);
    expect(new Set(drawn).size).toBeGreaterThan(2);
    expect([1, 2, 3, 4, 5, 6, 7, 8].map(first)).toEqual(drawn);
  });
});

describe('requests', () => {
  it('are sent at once, and numbered from 1', () => {
    const harness = new Harness().connect();
    harness.request(getData('/a'));
    expect(harness.sent).toMatchObject([{ xid: 1 }]);
    harness.request(getData('/b'));
    expect(harness.sent).toMatchObject([{ xid: 2 }]);
  });

  it('that were sent have an unknown outcome when the connection is cut', () => {
    const harness = new Harness().connect();
    const first = harness.request(getData('/a'));
    const second = harness.request({ op: 'setData', path: '/a', data: null, version: -1 });
    harness.cut();
    expect(harness.outcomes).toEqual([
      [first, 'unknown'],
      [second, 'unknown'],
    ]);
  });

  it('that were not sent wait for the next connection, and are sent once', () => {
    const harness = new Harness().connect().cut();
    const token = harness.request(getData('/a'));
    expect(harness.effects).toEqual([]);
    harness.timer('reconnect').accept();
    expect(harness.sent).toMatchObject([{ request: { op: 'getData', path: '/a' } }]);
    expect(harness.reply(ok(1, data)).outcomes).toEqual([[token, 'ok']]);
    expect(harness.reconnect().sent).toEqual([]);
  });

  it('that are one too many are refused, and not sent', () => {
    const harness = new Harness({ waitingMax: 2 });
    harness.request(getData('/a'));
    harness.request(getData('/b'));
    const token = harness.request(getData('/c'));
    expect(harness.outcomes).toEqual([[token, errorCodes.ThrottledOp]]);
    expect(harness.connect().sent).toHaveLength(2);
  });

  it('beyond what may be in flight are sent as answers come', () => {
    const harness = new Harness({ inFlightMax: 1 }).connect();
    harness.request(getData('/a'));
    harness.request(getData('/b'));
    expect(harness.sent).toEqual([]);
    expect(harness.reply(ok(1, data)).sent).toMatchObject([{ xid: 2, request: { path: '/b' } }]);
  });

  it('that are too long for a server are refused, and cost nobody the connection', () => {
    const harness = new Harness({ requestBytesMax: 100 });
    const small = harness.request(getData('/a'));
    const long = harness.request({
      op: 'setData',
      path: '/a',
      data: new Uint8Array(101),
      version: -1,
    });
    harness.request(getData('/b'));
    harness.connect();
    expect(harness.outcomes).toEqual([[long, errorCodes.MarshallingError]]);
    expect(harness.sent).toMatchObject([{ xid: 1 }, { xid: 3 }]);
    expect(harness.reply(ok(1, data), ok(3, data)).outcomes[0]).toEqual([small, 'ok']);
  });

  it('are answered with what the server said', () => {
    const harness = new Harness().connect();
    const token = harness.request(getData('/none'));
    harness.reply(failed(1, errorCodes.NoNode, 12));
    expect(harness.of('reply')).toEqual([
      { kind: 'reply', token, outcome: { kind: 'error', code: errorCodes.NoNode, zxid: 12 } },
    ]);
  });

  it.each([
    ['an answer that is not the next one', ok(2, data)],
    ['an answer to nothing', ok(9, null)],
  ])('lose their connection by %s', (_what, reply) => {
    const harness = new Harness().connect();
    const first = harness.request(getData('/a'));
    const second = harness.request(getData('/b'));
    harness.reply(reply);
    expect(harness.of('disconnect')).toHaveLength(1);
    expect(harness.states).toEqual(['disconnected']);
    expect(harness.outcomes).toEqual([
      [first, 'unknown'],
      [second, 'unknown'],
    ]);
  });

  it.each([
    ['a frame that is too long', [0x7f, 0, 0, 0]],
    ['a frame that ends too early', [0, 0, 0, 2, 0, 0]],
  ])('lose their connection by %s', (_what, bytes) => {
    const harness = new Harness().connect();
    const token = harness.request(getData('/a'));
    harness.step({
      kind: 'received',
      connection: harness.connection,
      bytes: Uint8Array.from(bytes),
    });
    expect(harness.states).toEqual(['disconnected']);
    expect(harness.outcomes).toEqual([[token, 'unknown']]);
  });

  it('take their answers from a stream that is cut anywhere', () => {
    const harness = new Harness().connect();
    harness.request({ op: 'sync', path: '/a' });
    const bytes = Uint8Array.from([
      ...[0, 0, 0, 22, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0],
      ...[0, 0, 0, 2, 0x2f, 0x61],
    ]);
    for (const byte of bytes.subarray(0, -1)) {
      const piece = Uint8Array.of(byte);
      harness.step({ kind: 'received', connection: harness.connection, bytes: piece });
      expect(harness.effects).toEqual([]);
    }
    harness.step({
      kind: 'received',
      connection: harness.connection,
      bytes: bytes.subarray(-1),
    });
    expect(harness.of('reply')).toMatchObject([
      { outcome: { kind: 'ok', response: { op: 'sync', path: '/a' }, zxid: 9 } },
    ]);
  });

  it('hear nothing of what comes late from an old connection', () => {
    const harness = new Harness().connect();
    const old = harness.connection;
    harness.reconnect();
    harness.request(getData('/a'));
    harness.step({ kind: 'disconnected', connection: old });
    harness.step({ kind: 'received', connection: old, bytes: new Uint8Array(8) });
    expect(harness.effects).toEqual([]);
    expect(harness.reply(ok(1, data)).outcomes).toHaveLength(1);
  });
});

describe('the heartbeat', () => {
  it('pings after a third of the timeout without sending', () => {
    const harness = new Harness().step({ kind: 'start' }).opened().answerConnect(6000);
    expect(harness.of('setTimer')).toEqual([
      { kind: 'setTimer', timer: 'heartbeat', delayMs: 2000 },
    ]);
    harness.nowMs += 2000;
    harness.timer('heartbeat');
    expect(harness.sent).toEqual([{ kind: 'request', xid: -2, request: { op: 'ping' } }]);
    expect(harness.of('setTimer')).toMatchObject([{ delayMs: 2000 }]);
  });

  it('does not ping while requests are sent', () => {
    const harness = new Harness().connect(6000);
    harness.nowMs += 1500;
    harness.request(getData('/a'));
    harness.reply(ok(1, data));
    harness.nowMs += 500;
    harness.timer('heartbeat');
    expect(harness.sent).toEqual([]);
    expect(harness.of('setTimer')).toMatchObject([{ delayMs: 1500 }]);
  });

  it('pings at least every ten seconds', () => {
    const harness = new Harness().connect(90_000);
    expect(harness.of('setTimer')).toMatchObject([{ timer: 'heartbeat', delayMs: 10_000 }]);
  });

  it('gives a connection up after two thirds of the timeout without hearing', () => {
    const harness = new Harness().connect(6000);
    harness.nowMs += 3999;
    harness.timer('heartbeat');
    expect(harness.states).toEqual([]);
    harness.nowMs += 1;
    harness.timer('heartbeat');
    expect(harness.of('disconnect')).toHaveLength(1);
    expect(harness.states).toEqual(['disconnected']);
  });

  it('takes any frame as a sign of life', () => {
    const harness = new Harness().connect(6000);
    harness.nowMs += 3000;
    harness.reply(ok(-2, null));
    harness.nowMs += 3000;
    harness.timer('heartbeat');
    expect(harness.states).toEqual([]);
  });
});

describe('watches', () => {
  it('are told to the next server in one setWatches, with the zxid of the last answer', () => {
    const harness = withWatches();
    expect(harness.reconnect().sent).toEqual([
      {
        kind: 'request',
        xid: -8,
        request: {
          op: 'setWatches',
          relativeZxid: 10,
          dataWatches: ['/d'],
          existWatches: ['/e'],
          childWatches: ['/c'],
        },
      },
    ]);
  });

  it('are left by exists where the node is, as data watches', () => {
    const harness = new Harness().connect();
    harness.request(exists('/d'));
    harness.reply(ok(1, { op: 'exists', stat }));
    expect(harness.reconnect().sent).toMatchObject([
      { request: { dataWatches: ['/d'], existWatches: [] } },
    ]);
  });

  it('are not left by a failed getData, nor by a request without one', () => {
    const harness = new Harness().connect();
    harness.request(getData('/a', true));
    harness.request(getData('/b'));
    harness.reply(failed(1, errorCodes.NoNode), ok(2, data));
    expect(harness.reconnect().sent).toEqual([]);
  });

  it('are not left by a request whose answer was lost', () => {
    const harness = new Harness().connect();
    harness.request(getData('/a', true));
    expect(harness.reconnect().sent).toEqual([]);
  });

  it('fire once, and then are forgotten', () => {
    const harness = withWatches();
    expect(harness.event(eventTypes.NodeDataChanged, '/d', 11).of('event')).toEqual([
      { kind: 'event', type: 'NodeDataChanged', path: '/d', zxid: 11 },
    ]);
    expect(harness.event(eventTypes.NodeDataChanged, '/d', 12).events).toEqual([]);
    expect(harness.reconnect().sent).toMatchObject([{ request: { dataWatches: [] } }]);
  });

  it('tell a deletion once, though the server tells it for data and for children', () => {
    const harness = withWatches();
    harness.request(children('/d'));
    harness.reply(ok(4, { op: 'getChildren2', children: [], stat }));
    expect(harness.event(eventTypes.NodeDeleted, '/d').events).toEqual(['NodeDeleted /d']);
    expect(harness.event(eventTypes.NodeDeleted, '/d').events).toEqual([]);
  });

  it('tell what nobody watches to nobody', () => {
    const harness = withWatches();
    expect(harness.event(eventTypes.NodeChildrenChanged, '/d').events).toEqual([]);
    expect(harness.event(eventTypes.NodeCreated, '/x').events).toEqual([]);
    expect(harness.event(99, '/d').events).toEqual([]);
  });

  it('that persist fire again and again, and need setWatches2', () => {
    const harness = new Harness().connect();
    const { persistent, persistentRecursive } = watchModes;
    harness.request({ op: 'addWatch', path: '/p', mode: persistent });
    harness.request({ op: 'addWatch', path: '/r', mode: persistentRecursive });
    harness.reply(ok(1, { op: 'addWatch', err: 0 }), ok(2, { op: 'addWatch', err: 0 }));
    expect(harness.event(eventTypes.NodeChildrenChanged, '/p').events).toHaveLength(1);
    expect(harness.event(eventTypes.NodeDataChanged, '/p').events).toHaveLength(1);
    expect(harness.event(eventTypes.NodeCreated, '/p/a').events).toEqual([]);
    expect(harness.event(eventTypes.NodeCreated, '/r/a/b').events).toHaveLength(1);
    expect(harness.event(eventTypes.NodeDeleted, '/r').events).toHaveLength(1);
    expect(harness.reconnect().sent).toMatchObject([
      {
        xid: -8,
        request: {
          op: 'setWatches2',
          persistentWatches: ['/p'],
          persistentRecursiveWatches: ['/r'],
        },
      },
    ]);
  });

  it('that were removed are forgotten', () => {
    const harness = withWatches();
    harness.request({ op: 'removeWatches', path: '/d', type: 3 });
    harness.request({ op: 'removeWatches', path: '/c', type: 1 });
    harness.reply(ok(4, null), failed(5, errorCodes.NoWatcher));
    expect(harness.reconnect().sent).toMatchObject([
      { request: { dataWatches: [], existWatches: ['/e'], childWatches: ['/c'] } },
    ]);
  });

  it('that are many are told in requests below 128 KB, each path once', () => {
    const harness = new Harness().connect();
    const paths = Array.from({ length: 900 }, (_none, index) => `/${index}-${'x'.repeat(300)}`);
    for (const path of paths) harness.request(getData(path, true));
    harness.reply(...paths.map((_path, index) => ok(index + 1, data)));
    harness.reconnect();
    const told = harness.sent.flatMap((sent) =>
      sent.kind === 'request' && sent.request.op === 'setWatches' ? [sent.request.dataWatches] : [],
    );
    expect(told.length).toBeGreaterThan(2);
    expect(told.flat()).toEqual(paths);
    for (const list of told) expect(list.join('').length).toBeLessThan(128 * 1024);
  });

  it('that are one too many are refused', () => {
    const harness = new Harness({ watchesMax: 1 }).connect();
    harness.request(getData('/a', true));
    harness.reply(ok(1, data));
    const token = harness.request(getData('/b', true));
    expect(harness.outcomes).toEqual([[token, errorCodes.ThrottledOp]]);
    harness.request(getData('/b'));
    expect(harness.sent).toHaveLength(1);
  });

  it('are told from the last answer on, not from an event: its zxid may have others', () => {
    const harness = withWatches();
    harness.event(eventTypes.NodeDataChanged, '/d', 20);
    harness.cut().timer('reconnect').opened();
    expect(harness.sent).toMatchObject([{ request: { lastZxidSeen: 20 } }]);
    expect(harness.answerConnect(9000).sent).toMatchObject([{ request: { relativeZxid: 10 } }]);
  });
});

describe('closing', () => {
  it('asks the server, waits for its answers, and ends', () => {
    const harness = new Harness().connect();
    const before = harness.request(getData('/a'));
    harness.step({ kind: 'close' });
    expect(harness.sent).toMatchObject([{ xid: 2, request: { op: 'closeSession' } }]);
    const after = harness.request(getData('/b'));
    expect(harness.outcomes).toEqual([[after, errorCodes.SessionExpired]]);
    harness.reply(ok(1, data), ok(2, null));
    expect(harness.outcomes).toEqual([[before, 'ok']]);
    expect(harness.of('disconnect')).toHaveLength(1);
    expect(harness.states).toEqual(['closed']);
  });

  it('ends when the server closes first, and does not come back', () => {
    const harness = new Harness().connect().step({ kind: 'close' }).cut();
    expect(harness.states).toEqual(['closed']);
    expect(harness.timer('reconnect').timer('heartbeat').timer('connect').effects).toEqual([]);
  });

  it('ends at once where there is no connection, and refuses what waits', () => {
    const harness = new Harness();
    const token = harness.request(getData('/a'));
    harness.step({ kind: 'close' });
    expect(harness.states).toEqual(['closed']);
    expect(harness.outcomes).toEqual([[token, errorCodes.SessionExpired]]);
    expect(harness.step({ kind: 'start' }).effects).toEqual([]);
  });
});

describe('an identity', () => {
  it('that is added is told at once', () => {
    const harness = new Harness().connect();
    const auth = { scheme: 'digest', auth: new Uint8Array([1, 2]) };
    harness.step({ kind: 'addAuth', auth });
    expect(harness.sent).toMatchObject([{ xid: -4, request: { op: 'auth', ...auth } }]);
    expect(harness.reply(ok(-4, null, 0)).effects).toEqual([]);
  });

  it('that is refused ends the session', () => {
    const harness = new Harness().connect();
    const token = harness.request(getData('/a'));
    harness.step({ kind: 'addAuth', auth: { scheme: 'none', auth: new Uint8Array(0) } });
    harness.reply(failed(-4, errorCodes.AuthFailed, 0));
    expect(harness.states).toEqual(['authFailed']);
    expect(harness.outcomes).toEqual([[token, 'unknown']]);
    const late = harness.request(getData('/a'));
    expect(harness.outcomes).toEqual([[late, errorCodes.AuthFailed]]);
  });
});

describe('a chroot', () => {
  it('is put before paths, and taken off again', () => {
    const harness = new Harness({ chroot: '/kafka' }).connect();
    harness.request({ op: 'create', path: '/a', data: null, acl: openAcl, flags: 2 });
    expect(harness.sent).toMatchObject([{ request: { path: '/kafka/a' } }]);
    harness.reply(ok(1, { op: 'create', path: '/kafka/a0000000000' }));
    expect(harness.of('reply')).toMatchObject([
      { outcome: { response: { path: '/a0000000000' } } },
    ]);
    harness.request(children('/'));
    expect(harness.sent).toMatchObject([{ request: { path: '/kafka' } }]);
    harness.reply(ok(2, { op: 'getChildren2', children: [], stat }));
    expect(harness.event(eventTypes.NodeChildrenChanged, '/kafka').events).toEqual([
      'NodeChildrenChanged /',
    ]);
  });

  it('is put before the paths of a multi, and taken off its results', () => {
    const harness = new Harness({ chroot: '/kafka' }).connect();
    harness.request({
      op: 'multi',
      operations: [
        { op: 'check', path: '/epoch', version: 1 },
        { op: 'create', path: '/b', data: null, acl: openAcl, flags: 0 },
      ],
    });
    expect(harness.sent).toMatchObject([
      { request: { operations: [{ path: '/kafka/epoch' }, { path: '/kafka/b' }] } },
    ]);
    const results = [{ op: 'check' }, { op: 'create', path: '/kafka/b' }] as const;
    harness.reply(ok(1, { op: 'multi', results }));
    expect(harness.of('reply')).toMatchObject([
      { outcome: { response: { results: [{ op: 'check' }, { op: 'create', path: '/b' }] } } },
    ]);
  });

  it('does not concern a request that is outside of it: so it can be made', () => {
    const harness = new Harness({ chroot: '/kafka/blue' }).connect();
    const request = { op: 'create', path: '/kafka', data: null, acl: openAcl, flags: 0 } as const;
    harness.step({ kind: 'request', token: 7, request, isOutsideChroot: true });
    expect(harness.sent).toMatchObject([{ request: { path: '/kafka' } }]);
    harness.reply(ok(1, { op: 'create', path: '/kafka' }));
    expect(harness.of('reply')).toMatchObject([{ outcome: { response: { path: '/kafka' } } }]);
  });

  it('is part of the paths that the next server is told', () => {
    const harness = new Harness({ chroot: '/kafka' }).connect();
    harness.request(getData('/d', true));
    harness.reply(ok(1, data));
    expect(harness.reconnect().sent).toMatchObject([{ request: { dataWatches: ['/kafka/d'] } }]);
  });
});
