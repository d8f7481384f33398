import { createFlags, errorCodes, eventTypes, openAcl, watchModes } from '@zookafka/zookeeper-wire';
import { bytesOf, type Client, Ensemble } from './harness.ts';

const { NodeCreated, NodeDeleted, NodeDataChanged, NodeChildrenChanged } = eventTypes;

function alone(): { ensemble: Ensemble; client: Client } {
  const ensemble = Ensemble.serving({ members: 1 });
  return { ensemble, client: ensemble.connect(1) };
}

const seen = (client: Client): [number, string][] =>
  client.events.map(({ type, path }) => [type, path]);

describe('A one-shot watch', () => {
  test('of exists on an absent node hears of its creation', () => {
    const { client } = alone();
    const reply = client.ask({ op: 'exists', path: '/a', watch: true });
    expect(reply.err).toBe(errorCodes.NoNode);
    const { zxid } = client.create('/a');
    expect(client.events).toEqual([{ type: NodeCreated, path: '/a', zxid }]);
  });

  test('of getData or getChildren on an absent node is none', () => {
    const { client } = alone();
    client.ask({ op: 'getData', path: '/a', watch: true });
    client.ask({ op: 'getChildren', path: '/a', watch: true });
    client.create('/a');
    expect(client.events).toEqual([]);
  });

  test('fires once', () => {
    const { client } = alone();
    client.create('/a');
    client.ask({ op: 'getData', path: '/a', watch: true });
    client.ask({ op: 'exists', path: '/a', watch: true });
    for (let count = 0; count < 2; count++) {
      client.ask({ op: 'setData', path: '/a', data: null, version: -1 });
    }
    expect(seen(client)).toEqual([[NodeDataChanged, '/a']]);
  });

  test('of children hears of creations and deletions under the node, not of data', () => {
    const { client } = alone();
    client.create('/p');
    client.ask({ op: 'getChildren2', path: '/p', watch: true });
    client.create('/p/a');
    client.ask({ op: 'getChildren', path: '/p', watch: true });
    client.ask({ op: 'setData', path: '/p/a', data: null, version: -1 });
    client.ask({ op: 'delete', path: '/p/a', version: -1 });
    expect(seen(client)).toEqual([
      [NodeChildrenChanged, '/p'],
      [NodeChildrenChanged, '/p'],
    ]);
  });

  test('of data and of children hear of one deletion together', () => {
    const { client } = alone();
    client.create('/a');
    client.ask({ op: 'getData', path: '/a', watch: true });
    client.ask({ op: 'getChildren', path: '/a', watch: true });
    client.ask({ op: 'delete', path: '/a', version: -1 });
    expect(seen(client)).toEqual([[NodeDeleted, '/a']]);
  });

  test('does not fire for a setACL', () => {
    const { client } = alone();
    client.create('/a');
    client.ask({ op: 'getData', path: '/a', watch: true });
    client.ask({ op: 'setACL', path: '/a', acl: openAcl, version: -1 });
    expect(client.events).toEqual([]);
  });

  test('does not fire for a multi that failed', () => {
    const { client } = alone();
    client.ask({ op: 'exists', path: '/a', watch: true });
    client.ask({
      op: 'multi',
      operations: [
        { op: 'create', path: '/a', data: null, acl: openAcl, flags: 0 },
        { op: 'check', path: '/none', version: 0 },
      ],
    });
    expect(client.events).toEqual([]);
  });

  test('is gone with its connection', () => {
    const { ensemble, client } = alone();
    client.ask({ op: 'exists', path: '/a', watch: true });
    client.close();
    ensemble.connect(1).create('/a');
    expect(client.events).toEqual([]);
  });
});

describe('A persistent watch', () => {
  test('hears of data and children again and again', () => {
    const { client } = alone();
    expect(client.ask({ op: 'addWatch', path: '/p', mode: watchModes.persistent })).toMatchObject({
      err: 0,
      response: { op: 'addWatch', err: 0 },
    });
    client.create('/p');
    client.create('/p/a');
    client.ask({ op: 'setData', path: '/p', data: null, version: -1 });
    client.ask({ op: 'setData', path: '/p/a', data: null, version: -1 });
    client.ask({ op: 'delete', path: '/p/a', version: -1 });
    client.ask({ op: 'delete', path: '/p', version: -1 });
    expect(seen(client)).toEqual([
      [NodeCreated, '/p'],
      [NodeChildrenChanged, '/p'],
      [NodeDataChanged, '/p'],
      [NodeChildrenChanged, '/p'],
      [NodeDeleted, '/p'],
    ]);
  });

  test('that is recursive hears of everything below, and never of children as such', () => {
    const { client } = alone();
    client.ask({ op: 'addWatch', path: '/p', mode: watchModes.persistentRecursive });
    client.create('/p');
    client.create('/p/a');
    client.create('/pother');
    client.create('/p/a/b', 0, bytesOf('1'));
    client.ask({ op: 'setData', path: '/p/a/b', data: null, version: -1 });
    client.ask({ op: 'delete', path: '/p/a/b', version: -1 });
    expect(seen(client)).toEqual([
      [NodeCreated, '/p'],
      [NodeCreated, '/p/a'],
      [NodeCreated, '/p/a/b'],
      [NodeDataChanged, '/p/a/b'],
      [NodeDeleted, '/p/a/b'],
    ]);
  });

  test('and a one-shot watch of one connection hear of a change once', () => {
    const { client } = alone();
    client.create('/a');
    client.ask({ op: 'addWatch', path: '/', mode: watchModes.persistentRecursive });
    client.ask({ op: 'addWatch', path: '/a', mode: watchModes.persistent });
    client.ask({ op: 'getData', path: '/a', watch: true });
    client.ask({ op: 'setData', path: '/a', data: null, version: -1 });
    expect(seen(client)).toEqual([[NodeDataChanged, '/a']]);
  });

  test('hears nothing of a node that its session may not read', () => {
    const { ensemble, client } = alone();
    client.ask({ op: 'addWatch', path: '/', mode: watchModes.persistentRecursive });
    const other = ensemble.connect(1);
    other.ask({ op: 'auth', type: 0, scheme: 'digest', auth: bytesOf('bob:secret') }, -4);
    const acl = [{ perms: 31, id: { scheme: 'auth', id: '' } }];
    other.ask({ op: 'create', path: '/secret', data: null, acl, flags: 0 });
    expect(client.events).toEqual([]);
  });
});

describe('removeWatches and checkWatches', () => {
  test('find what is watched, by type, and answer NoWatcher else', () => {
    const { client } = alone();
    client.create('/a');
    client.ask({ op: 'getData', path: '/a', watch: true });
    const check = (type: number): number =>
      client.ask({ op: 'checkWatches', path: '/a', type }).err;
    const remove = (type: number): number =>
      client.ask({ op: 'removeWatches', path: '/a', type }).err;
    expect([check(1), check(2), check(3)]).toEqual([errorCodes.NoWatcher, 0, 0]);
    expect([remove(1), remove(2), remove(2)]).toEqual([
      errorCodes.NoWatcher,
      0,
      errorCodes.NoWatcher,
    ]);
    client.ask({ op: 'setData', path: '/a', data: null, version: -1 });
    expect(client.events).toEqual([]);
  });
});

describe('setWatches2', () => {
  test('re-arms persistent watches without telling what was missed', () => {
    const { client } = alone();
    client.create('/a');
    client.ask(
      {
        op: 'setWatches2',
        relativeZxid: 0,
        dataWatches: [],
        existWatches: [],
        childWatches: [],
        persistentWatches: ['/a'],
        persistentRecursiveWatches: ['/b'],
      },
      -8,
    );
    expect(client.events).toEqual([]);
    client.create('/a/x');
    client.create('/b');
    expect(seen(client)).toEqual([
      [NodeChildrenChanged, '/a'],
      [NodeCreated, '/b'],
    ]);
  });
});

describe('Events of a session that ends', () => {
  test('tell of each of its ephemeral nodes, at one zxid', () => {
    const { ensemble, client } = alone();
    client.ask({ op: 'addWatch', path: '/', mode: watchModes.persistentRecursive });
    const other = ensemble.connect(1);
    other.create('/e1', createFlags.ephemeral);
    other.create('/e2', createFlags.ephemeral);
    other.ask({ op: 'closeSession' });
    const deleted = client.events.filter(({ type }) => type === NodeDeleted);
    expect(deleted.map(({ path }) => path)).toEqual(['/e1', '/e2']);
    expect(deleted[0]?.zxid).toBe(deleted[1]?.zxid);
  });
});
