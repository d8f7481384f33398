import {
  createFlags,
  errorCodes,
  type MultiOperation,
  noSession,
  openAcl,
  permissions,
  readAcl,
  type Request,
} from '@zookafka/zookeeper-wire';
import { bytesOf, type Client, Ensemble, wallStartMs } from './harness.ts';

function alone(): { ensemble: Ensemble; client: Client } {
  const ensemble = Ensemble.serving({ members: 1 });
  return { ensemble, client: ensemble.connect(1) };
}

const create = (path: string, flags = 0): Extract<MultiOperation, { op: 'create' }> => ({
  op: 'create',
  path,
  data: null,
  acl: openAcl,
  flags,
});

describe('A stat', () => {
  test('of a new node bears the zxid and the time of its creation', () => {
    const { client } = alone();
    const { zxid } = client.create('/a', 0, bytesOf('abc'));
    expect(client.get({ op: 'getData', path: '/a', watch: false })).toEqual({
      op: 'getData',
      data: bytesOf('abc'),
      stat: {
        czxid: zxid,
        mzxid: zxid,
        pzxid: zxid,
        ctime: expect.any(Number) as number,
        mtime: expect.any(Number) as number,
        version: 0,
        cversion: 0,
        aversion: 0,
        ephemeralOwner: noSession,
        dataLength: 3,
        numChildren: 0,
      },
    });
    const { stat } = client.get({ op: 'exists', path: '/a', watch: false });
    expect(stat.ctime).toBeGreaterThanOrEqual(wallStartMs);
  });

  test('counts creations and deletions of children in cversion, and the last of them in pzxid', () => {
    const { client } = alone();
    client.create('/p');
    client.create('/p/1');
    client.create('/p/2');
    const { zxid } = client.ask({ op: 'delete', path: '/p/1', version: -1 });
    const { stat } = client.get({ op: 'exists', path: '/p', watch: false });
    expect(stat).toMatchObject({ cversion: 3, numChildren: 1, pzxid: zxid });
  });

  test('of a parent does not change with the data of a child', () => {
    const { client } = alone();
    client.create('/p');
    client.create('/p/1');
    const before = client.get({ op: 'exists', path: '/p', watch: false }).stat;
    client.ask({ op: 'setData', path: '/p/1', data: null, version: -1 });
    expect(client.get({ op: 'exists', path: '/p', watch: false }).stat).toEqual(before);
  });

  test('names the session that owns an ephemeral node', () => {
    const { client } = alone();
    client.create('/e', createFlags.ephemeral);
    const { stat } = client.get({ op: 'exists', path: '/e', watch: false });
    expect(stat.ephemeralOwner).toEqual(client.session);
  });

  test('keeps mzxid over a setACL, and counts it in aversion', () => {
    const { client } = alone();
    const { zxid } = client.create('/a');
    client.ask({ op: 'setACL', path: '/a', acl: openAcl, version: 0 });
    const { stat } = client.get({ op: 'exists', path: '/a', watch: false });
    expect(stat).toMatchObject({ mzxid: zxid, aversion: 1 });
  });
});

describe('Data', () => {
  test.each([
    ['null', null],
    ['empty', new Uint8Array(0)],
  ])('that is %s stays so', (_, data) => {
    const { client } = alone();
    client.create('/a', 0, data);
    expect(client.get({ op: 'getData', path: '/a', watch: false }).data).toEqual(data);
    client.ask({ op: 'setData', path: '/a', data, version: -1 });
    expect(client.get({ op: 'getData', path: '/a', watch: false }).data).toEqual(data);
  });
});

describe('A sequential node', () => {
  test('is numbered by the creations under its parent, deletions notwithstanding', () => {
    const { client } = alone();
    client.create('/q');
    const name = (): unknown => client.create('/q/n-', createFlags.persistentSequential).response;
    expect(name()).toEqual({ op: 'create', path: '/q/n-0000000000' });
    expect(name()).toEqual({ op: 'create', path: '/q/n-0000000001' });
    client.ask({ op: 'delete', path: '/q/n-0000000001', version: -1 });
    expect(name()).toEqual({ op: 'create', path: '/q/n-0000000002' });
  });

  test('may be named by its number alone', () => {
    const { client } = alone();
    client.create('/q');
    const { response } = client.create('/q/', createFlags.ephemeralSequential);
    expect(response).toEqual({ op: 'create', path: '/q/0000000000' });
  });

  test('gets its own number though the one before is not committed', () => {
    const { ensemble, client } = alone();
    client.create('/q');
    for (let count = 0; count < 3; count++) client.send(create('/q/n', 2));
    ensemble.settle();
    const { children } = client.get({ op: 'getChildren', path: '/q', watch: false });
    expect(children).toEqual(['n0000000000', 'n0000000001', 'n0000000002']);
  });
});

describe('A create is refused', () => {
  test.each<[string, number, Partial<Extract<Request, { op: 'create' }>>]>([
    ['for a path without a slash', errorCodes.BadArguments, { path: 'a' }],
    ['for a path that ends in a slash', errorCodes.BadArguments, { path: '/a/' }],
    ['for a path with two dots', errorCodes.BadArguments, { path: '/a/../b' }],
    ['for flags that mean nothing', errorCodes.BadArguments, { flags: 9 }],
    ['without an access list', errorCodes.InvalidACL, { acl: [] }],
    ['with a path before the access list', errorCodes.BadArguments, { path: '/a/', acl: [] }],
    ['with the list before the parent', errorCodes.InvalidACL, { path: '/none/a', acl: [] }],
    ['without a parent', errorCodes.NoNode, { path: '/none/a' }],
    ['without CREATE on the parent', errorCodes.NoAuth, { path: '/shut/a' }],
    ['where the node is', errorCodes.NodeExists, { path: '/there' }],
    ['for the root', errorCodes.NodeExists, { path: '/' }],
    ['under an ephemeral node', errorCodes.NoChildrenForEphemerals, { path: '/e/a' }],
    ['as a container', errorCodes.Unimplemented, { flags: createFlags.container }],
  ])('%s', (_, code, fields) => {
    const { client } = alone();
    client.create('/there');
    client.create('/e', createFlags.ephemeral);
    client.ask({ ...create('/shut'), acl: readAcl });
    expect(client.ask({ ...create('/a'), ...fields })).toMatchObject({ err: code, response: null });
  });
});

describe('A delete is refused', () => {
  test.each<[string, number, string, number]>([
    ['of the root', errorCodes.BadArguments, '/', -1],
    ['of what belongs to the server', errorCodes.BadArguments, '/zookeeper/config', -1],
    ['without the parent', errorCodes.NoNode, '/none/a', -1],
    ['without DELETE on the parent', errorCodes.NoAuth, '/shut/none', -1],
    ['without the node', errorCodes.NoNode, '/none', -1],
    ['with another version, before children count', errorCodes.BadVersion, '/p', 7],
    ['with children', errorCodes.NotEmpty, '/p', 0],
  ])('%s', (_, code, path, version) => {
    const { client } = alone();
    client.create('/p');
    client.create('/p/a');
    client.ask({ ...create('/shut'), acl: readAcl });
    expect(client.ask({ op: 'delete', path, version }).err).toBe(code);
  });
});

describe('A setData', () => {
  test('raises the version by one, whatever it expects', () => {
    const { client } = alone();
    client.create('/a');
    const set = (version: number): unknown =>
      client.ask({ op: 'setData', path: '/a', data: null, version }).response;
    expect(set(0)).toMatchObject({ stat: { version: 1 } });
    expect(set(-1)).toMatchObject({ stat: { version: 2 } });
  });

  test.each<[string, number, string, number]>([
    ['without the node', errorCodes.NoNode, '/none', -1],
    ['without WRITE, before the version counts', errorCodes.NoAuth, '/shut', 9],
    ['with another version', errorCodes.BadVersion, '/a', 1],
    ['for a path that is none', errorCodes.BadArguments, 'a', -1],
  ])('is refused %s', (_, code, path, version) => {
    const { client } = alone();
    client.create('/a');
    client.ask({ ...create('/shut'), acl: readAcl });
    expect(client.ask({ op: 'setData', path, data: null, version }).err).toBe(code);
  });

  test('is checked against what is proposed, not only against the tree', () => {
    const { ensemble, client } = alone();
    client.create('/a');
    const set = { op: 'setData', path: '/a', data: null } as const;
    client.send({ ...set, version: 0 });
    client.send({ ...set, version: 0 });
    client.send({ ...set, version: 1 });
    ensemble.settle();
    expect(client.replies.slice(-3).map(({ err }) => err)).toEqual([0, errorCodes.BadVersion, 0]);
  });
});

describe('A failed write', () => {
  test('consumes a zxid', () => {
    const { client } = alone();
    const { zxid } = client.create('/a');
    expect(client.create('/a')).toMatchObject({ err: errorCodes.NodeExists, zxid: zxid + 1 });
  });
});

describe('A multi', () => {
  test('happens at one zxid, each operation on what the one before left', () => {
    const { client } = alone();
    const reply = client.ask({
      op: 'multi',
      operations: [
        create('/a'),
        { op: 'setData', path: '/a', data: bytesOf('v'), version: 0 },
        { op: 'check', path: '/a', version: 1 },
        { ...create('/a/b'), op: 'create2' },
        { op: 'delete', path: '/a/b', version: 0 },
      ],
    });
    const { zxid } = reply;
    expect(reply).toMatchObject({
      err: 0,
      response: {
        op: 'multi',
        results: [
          { op: 'create', path: '/a' },
          { op: 'setData', stat: { czxid: zxid, mzxid: zxid, version: 1, dataLength: 1 } },
          { op: 'check' },
          { op: 'create2', path: '/a/b', stat: { czxid: zxid } },
          { op: 'delete' },
        ],
      },
    });
  });

  test('that fails answers 0 before the culprit, its code, and what was not reached', () => {
    const { client } = alone();
    const operations = [
      create('/a'),
      { op: 'check', path: '/none', version: 0 },
      { op: 'delete', path: '/a', version: -1 },
    ] as const;
    expect(client.ask({ op: 'multi', operations })).toMatchObject({
      err: 0,
      response: {
        results: [
          { op: 'error', err: errorCodes.OK },
          { op: 'error', err: errorCodes.NoNode },
          { op: 'error', err: errorCodes.RuntimeInconsistency },
        ],
      },
    });
    expect(client.ask({ op: 'exists', path: '/a', watch: false }).err).toBe(errorCodes.NoNode);
  });

  test('that fails leaves no trace in its parent, nor in sequence numbers', () => {
    const { ensemble, client } = alone();
    client.create('/q');
    const failing = [create('/q/n', 2), create('/q/n', 2), create('/none/a')];
    client.send({ op: 'multi', operations: failing });
    client.send(create('/q/n', 2));
    ensemble.settle();
    expect(client.replies.at(-1)?.response).toEqual({ op: 'create', path: '/q/n0000000000' });
    const { stat } = client.get({ op: 'exists', path: '/q', watch: false });
    expect(stat).toMatchObject({ cversion: 1, numChildren: 1 });
  });

  test('sees versions that are proposed and not committed', () => {
    const { ensemble, client } = alone();
    client.create('/a');
    client.send({ op: 'setData', path: '/a', data: null, version: 0 });
    client.send({ op: 'multi', operations: [{ op: 'check', path: '/a', version: 0 }] });
    ensemble.settle();
    expect(client.replies.at(-1)?.response).toMatchObject({
      results: [{ op: 'error', err: errorCodes.BadVersion }],
    });
  });
});

describe('Access lists', () => {
  const secret = { op: 'auth', type: 0, scheme: 'digest', auth: bytesOf('bob:secret') } as const;

  test('let in who proved the identity that they name', () => {
    const { ensemble, client } = alone();
    expect(client.ask(secret, -4)).toMatchObject({ xid: -4, zxid: 0, err: 0 });
    const own = [{ perms: permissions.ALL, id: { scheme: 'auth', id: '' } }];
    client.ask({ ...create('/own'), acl: own });
    const { acl } = client.get({ op: 'getACL', path: '/own' });
    const hash = expect.stringMatching(/^bob:.{27}=$/) as string;
    expect(acl).toEqual([{ perms: permissions.ALL, id: { scheme: 'digest', id: hash } }]);
    const other = ensemble.connect(1);
    const get = { op: 'getData', path: '/own', watch: false } as const;
    expect(client.ask(get).err).toBe(0);
    expect(other.ask(get).err).toBe(errorCodes.NoAuth);
    expect(other.ask({ op: 'exists', path: '/own', watch: false }).err).toBe(0);
    expect(other.ask({ op: 'getACL', path: '/own' }).err).toBe(errorCodes.NoAuth);
  });

  test("show a digest's hash only to who may change them", () => {
    const { ensemble, client } = alone();
    client.ask(secret, -4);
    const acl = [
      { perms: permissions.ALL, id: { scheme: 'auth', id: '' } },
      { perms: permissions.READ, id: { scheme: 'world', id: 'anyone' } },
    ];
    client.ask({ ...create('/own'), acl });
    const seen = ensemble.connect(1).get({ op: 'getACL', path: '/own' });
    expect(seen.acl[0]?.id.id).toBe('bob:x');
  });

  test.each([
    ['an unknown scheme', { scheme: 'sasl', id: 'bob' }],
    ['nobody behind auth', { scheme: 'auth', id: '' }],
    ['a digest without a hash', { scheme: 'digest', id: 'bob' }],
    ['a range that is no address', { scheme: 'ip', id: '10.0.0.0/99' }],
    ['a world that is not anyone', { scheme: 'world', id: 'bob' }],
  ])('are refused with %s', (_, id) => {
    const { client } = alone();
    const reply = client.ask({ ...create('/a'), acl: [{ perms: 31, id }] });
    expect(reply.err).toBe(errorCodes.InvalidACL);
  });

  test.each([
    ['127.0.0.0/8', 0],
    ['127.0.0.1', 0],
    ['10.0.0.0/8', errorCodes.NoAuth],
  ])('with the address %s answer %i', (range, err) => {
    const { client } = alone();
    client.ask({ ...create('/a'), acl: [{ perms: 31, id: { scheme: 'ip', id: range } }] });
    expect(client.ask({ op: 'getData', path: '/a', watch: false }).err).toBe(err);
  });

  test('refuse an auth packet of an unknown scheme, and the connection ends', () => {
    const { client } = alone();
    const reply = client.ask({ ...secret, scheme: 'none' }, -4);
    expect(reply.err).toBe(errorCodes.AuthFailed);
    expect(client.received.at(-1)).toEqual({ kind: 'closed', afterFlush: true });
  });
});
