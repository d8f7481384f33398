import { Prng } from '@zookafka/base';
import { digestText } from '@zookafka/coordinator/core';
import { openAcl, type Request } from '@zookafka/zookeeper-wire';
import { bytesOf, type Client, Ensemble } from './harness.ts';

const paths = ['/a', '/b', '/a/x', '/a/y', '/b/x', '/a/x/deep'];

function draw(prng: Prng): Request {
  const path = prng.pick(paths);
  const flags = prng.pick([0, 0, 1, 2, 3]);
  const version = prng.pick([-1, -1, 0, 1]);
  const create = {
    op: 'create',
    path,
    data: bytesOf(`${prng.below(9)}`),
    acl: openAcl,
    flags,
  } as const;
  const set = { op: 'setData', path, data: null, version } as const;
  const remove = { op: 'delete', path, version } as const;
  switch (prng.below(8)) {
    case 0:
      return set;
    case 1:
      return remove;
    case 2:
      return { op: 'multi', operations: [create, { op: 'check', path, version: 0 }, set] };
    case 3:
      return { op: 'getData', path, watch: true };
    case 4:
      return { op: 'getChildren2', path, watch: true };
    case 5:
      return { op: 'sync', path };
    default:
      return create;
  }
}

/** Checks what holds at every moment: replies in order, zxids that never fall, no reply twice. */
function checkClient(client: Client): void {
  const { replies } = client;
  replies.forEach(({ xid }, index) => {
    expect(xid).toBe(index + 1);
  });
  for (let index = 1; index < replies.length; index++) {
    expect(replies[index]?.zxid).toBeGreaterThanOrEqual(replies[index - 1]?.zxid as number);
  }
}

/** Every ephemeral node's owner lives, and the digest is that of the nodes. */
function checkMembers(ensemble: Ensemble): void {
  const byZxid = new Map<number, string>();
  for (const { member } of ensemble.nodes) {
    if (member === null) continue;
    for (const { id } of member.tree.allEphemerals()) {
      expect(member.tree.sessions.has(id)).toBe(true);
    }
    const digest = digestText(member.digest);
    expect(byZxid.get(member.lastZxid) ?? digest).toBe(digest);
    byZxid.set(member.lastZxid, digest);
  }
}

function run(seed: number): number {
  const prng = new Prng(seed);
  const ensemble = Ensemble.serving({ committedLogCountMax: 10, config: { snapCount: 60 } });
  const clients: Client[] = [];
  let acknowledged = 0;
  for (let round = 0; round < 120; round++) {
    const up = ensemble.nodes.filter(({ member }) => member !== null);
    if (prng.chance(60) && up.length > 2) ensemble.kill(prng.pick(up).id);
    const down = ensemble.nodes.filter(({ member }) => member === null);
    if (prng.chance(120) && down.length > 0) ensemble.start(prng.pick(down).id);
    if (prng.chance(250)) clients.push(ensemble.connect(prng.pick(up).id, 300));
    for (const client of clients.slice(-5)) {
      for (let count = prng.below(4); count > 0 && !client.isClosed; count--)
        client.send(draw(prng));
    }
    ensemble.runFor(prng.below(60));
    checkMembers(ensemble);
  }
  for (const { id, member } of ensemble.nodes) if (member === null) ensemble.start(id);
  ensemble.runUntil(() => ensemble.nodes.every(({ member }) => member?.isServing === true));
  // Nobody pings any more: every session ends, and takes what it owned with it.
  ensemble.runFor(2000);
  checkMembers(ensemble);
  expect(new Set(ensemble.digests()).size).toBe(1);
  for (const { member } of ensemble.nodes) {
    expect(member?.tree.sessions.count).toBe(0);
    expect(member?.tree.countOfEphemerals).toBe(0);
  }
  for (const client of clients) {
    checkClient(client);
    acknowledged += client.replies.length;
  }
  return acknowledged;
}

describe('Members that are killed and started at random', () => {
  test.each(Array.from({ length: 12 }, (_, index) => index + 1))(
    'agree on the tree, and keep the promises to their clients (seed %i)',
    (seed) => {
      expect(run(seed)).toBeGreaterThan(20);
    },
  );
});
