import { Prng } from '@zookafka/base';
import { openAcl } from '@zookafka/zookeeper-wire';
import {
  DataTree,
  digestText,
  SnapshotReader,
  SnapshotWalk,
  statOf,
} from '@zookafka/coordinator/core';
import { bytesOf } from './harness.ts';

const bounds = { nodesMax: 3, bytesMax: 1000 };

/** Changes a tree at random; every node stays below `/`. */
class Gardener {
  readonly tree = new DataTree();
  private readonly prng: Prng;
  private readonly paths: string[] = [];
  private zxid = 0;
  private creates = 0;

  constructor(seed: number) {
    this.prng = new Prng(seed);
  }

  change(): void {
    const at = { zxid: ++this.zxid, timeMs: this.zxid };
    const path = this.paths.length === 0 ? '' : this.prng.pick(this.paths);
    const node = this.tree.get(path);
    const draw = this.prng.below(10);
    if (node === undefined || draw < 5) {
      const parent = node?.owner === null ? path : '';
      const owner = this.prng.chance(200) ? { high: 1, low: this.prng.below(3) + 1 } : null;
      const created = `${parent}/n${++this.creates}`;
      this.tree.create(
        { path: created, data: bytesOf(created), acl: openAcl, owner },
        this.creates,
        at,
      );
      this.paths.push(created);
    } else if (draw < 8 || node.childCount > 0) {
      this.tree.setData(path, draw === 5 ? null : bytesOf(`${this.zxid}`), node.version + 1, at);
    } else {
      this.tree.delete(path, at);
      this.paths.splice(this.paths.indexOf(path), 1);
    }
  }
}

const contentOf = (tree: DataTree): unknown =>
  [...tree.values()]
    .map((node) => ({ path: node.path, data: node.data, stat: statOf(node), acl: node.acl }))
    .sort((one, other) => (one.path < other.path ? -1 : 1));

describe('A snapshot', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'holds the tree as it was when it began, though the tree goes on changing (seed %i)',
    (seed) => {
      const gardener = new Gardener(seed);
      for (let count = 0; count < 60; count++) gardener.change();
      gardener.tree.sessions.set({ high: 1, low: 1 }, 4000);
      const before = contentOf(gardener.tree);
      const digest = digestText(gardener.tree.digest);
      const walk = new SnapshotWalk(gardener.tree, 60);
      const second = new SnapshotWalk(gardener.tree, 60);
      const reader = new SnapshotReader();
      while (!walk.isEnded) {
        reader.chunk(walk.next(bounds));
        for (let count = 0; count < 7; count++) gardener.change();
      }
      second.stop();
      const { tree, zxid } = reader.finish();
      expect(zxid).toBe(60);
      expect(contentOf(tree)).toEqual(before);
      expect(digestText(tree.digest)).toBe(digest);
      expect(tree.sessions.get({ high: 1, low: 1 })).toBe(4000);
      expect(digestText(gardener.tree.digest)).not.toBe(digest);
    },
  );

  test('without its end is refused', () => {
    const walk = new SnapshotWalk(new DataTree(), 0);
    const reader = new SnapshotReader();
    reader.chunk(walk.next({ nodesMax: 2, bytesMax: 1000 }));
    expect(() => reader.finish()).toThrow('its end is missing');
  });

  test('of a newer program is refused', () => {
    const chunk = new SnapshotWalk(new DataTree(), 0).next(bounds);
    chunk[8] = 9;
    expect(() => {
      new SnapshotReader().chunk(chunk);
    }).toThrow('it has format 9');
  });

  test('of something else is refused', () => {
    expect(() => {
      new SnapshotReader().chunk(Uint8Array.of(1, 2, 3, 4, 5, 0, 0, 0, 1));
    }).toThrow('the bytes are none');
  });

  test('that was changed on the way is refused by its digest', () => {
    const walk = new SnapshotWalk(new DataTree(), 0);
    const reader = new SnapshotReader();
    const chunk = walk.next({ nodesMax: 100, bytesMax: 10_000 });
    chunk[chunk.length - 3] = 7;
    reader.chunk(chunk);
    expect(() => reader.finish()).toThrow('its digest is');
  });
});

describe('A digest', () => {
  test.each([11, 12, 13])('kept up with every change is that of the nodes (seed %i)', (seed) => {
    const gardener = new Gardener(seed);
    for (let count = 0; count < 200; count++) gardener.change();
    const again = new DataTree([]);
    for (const node of gardener.tree.values()) again.adopt(node);
    expect(digestText(again.digest)).toBe(digestText(gardener.tree.digest));
    expect(again.sizeApproximate).toBe(gardener.tree.sizeApproximate);
    expect(again.countOfEphemerals).toBe(gardener.tree.countOfEphemerals);
  });

  test('differs for null and empty data', () => {
    const of = (data: Uint8Array | null): string => {
      const tree = new DataTree();
      tree.create({ path: '/a', data, acl: openAcl, owner: null }, 1, { zxid: 1, timeMs: 1 });
      return digestText(tree.digest);
    };
    expect(of(null)).not.toBe(of(new Uint8Array(0)));
  });
});
