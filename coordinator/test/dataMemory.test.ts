import { Prng } from '@zookafka/base';
import { openAcl } from '@zookafka/zookeeper-wire';
import { type DataHolder, DataMemory, DataTree, type Znode } from '@zookafka/coordinator/core';

class Holder implements DataHolder {
  data: Uint8Array | null = null;
  chunk: DataHolder['chunk'] = null;
}

/** Bytes of one value, as a part of something much larger. */
function part(value: number, length: number): Uint8Array {
  return new Uint8Array(length + 2000).fill(value).subarray(1000, 1000 + length);
}

/** How much memory the data of these holders keeps alive, in bytes. */
function bytesHeld(holders: readonly DataHolder[]): number {
  const buffers = new Set(holders.map(({ data }) => data?.buffer));
  let held = 0;
  for (const buffer of buffers) held += buffer?.byteLength ?? 0;
  return held;
}

/** A tree of nodes of 100 bytes each, of which the test deletes and changes some. */
function treeOf(count: number): DataTree {
  const tree = new DataTree();
  for (let index = 0; index < count; index++) {
    const node = { path: `/n${index}`, data: part(index, 100), acl: openAcl, owner: null };
    tree.create(node, index + 1, { zxid: index + 1, timeMs: 1 });
  }
  return tree;
}

describe('the data of a tree', () => {
  it.each([
    [
      'deleted',
      (tree: DataTree, path: string) => {
        tree.delete(path, { zxid: 10_000, timeMs: 1 });
      },
    ],
    [
      'changed',
      (tree: DataTree, path: string) => {
        tree.setData(path, part(1, 2000), 1, { zxid: 10_000, timeMs: 1 });
      },
    ],
  ])('keeps nothing of nodes that were %s', (_what, change) => {
    const tree = treeOf(2000);
    const left: Znode[] = [];
    for (let index = 0; index < 2000; index++) {
      if (index % 40 > 0) change(tree, `/n${index}`);
      else left.push(tree.get(`/n${index}`) as Znode);
    }
    expect(bytesHeld(left)).toBeLessThanOrEqual(50 * 100 * 4 + 8192);
    left.forEach(({ data }, at) => {
      expect(data).toEqual(new Uint8Array(100).fill(at * 40));
    });
  });
});

describe('the memory of data', () => {
  it('gives each holder a copy of its data', () => {
    const memory = new DataMemory();
    const holder = new Holder();
    const message = part(7, 100);
    memory.put(holder, message);
    message.fill(8);
    expect(holder.data).toEqual(new Uint8Array(100).fill(7));
  });

  it.each([null, new Uint8Array(0)])('takes %p', (data) => {
    const memory = new DataMemory();
    const holder = new Holder();
    memory.put(holder, part(1, 10));
    memory.put(holder, data);
    expect(holder.data).toEqual(data);
    memory.put(holder, part(2, 10));
    expect(holder.data).toEqual(new Uint8Array(10).fill(2));
  });

  it('never overwrites what it gave out', () => {
    const memory = new DataMemory();
    const holders = Array.from({ length: 50 }, () => new Holder());
    const prng = new Prng(1);
    const seen: { readonly view: Uint8Array; readonly value: number; readonly length: number }[] =
      [];
    for (let round = 0; round < 20_000; round++) {
      const holder = prng.pick(holders);
      const value = prng.below(256);
      const length = prng.below(2000);
      memory.put(holder, part(value, length));
      if (round % 100 === 0) seen.push({ view: holder.data as Uint8Array, value, length });
    }
    for (const { view, value, length } of seen) {
      expect(view).toEqual(new Uint8Array(length).fill(value));
    }
  });

  it.each([1, 2, 3, 4, 5, 6])('holds at most four times what is alive, seed %i', (seed) => {
    const memory = new DataMemory();
    const prng = new Prng(seed);
    const lengthMax = prng.pick([10, 200, 3000]);
    const alive = new Map<Holder, number>();
    for (let round = 0; round < 20_000; round++) {
      const isFull = alive.size >= 400;
      const known = alive.size === 0 ? undefined : prng.pick([...alive.keys()]);
      if (known !== undefined && (isFull || prng.chance(300))) {
        memory.release(known);
        alive.delete(known);
        continue;
      }
      const holder = known !== undefined && prng.chance(500) ? known : new Holder();
      const value = prng.below(256);
      memory.put(holder, part(value, 1 + prng.below(lengthMax)));
      alive.set(holder, value);
    }
    let bytesAlive = 0;
    for (const [{ data }, value] of alive) {
      expect(data?.every((byte) => byte === value)).toBe(true);
      bytesAlive += data?.length ?? 0;
    }
    // The chunk that is being filled may hold little yet.
    expect(bytesHeld([...alive.keys()])).toBeLessThanOrEqual(bytesAlive * 4 + 8192);
  });

  it('keeps no chunk for one holder that stayed', () => {
    const memory = new DataMemory();
    const stayed: Holder[] = [];
    const restless = new Holder();
    for (let round = 0; round < 10_000; round++) {
      memory.put(restless, part(1, 100));
      if (round % 100 > 0) continue;
      const holder = new Holder();
      memory.put(holder, part(2, 100));
      stayed.push(holder);
    }
    expect(bytesHeld(stayed)).toBeLessThanOrEqual(100 * 100 * 4 + 8192);
    for (const { data } of stayed) expect(data).toEqual(new Uint8Array(100).fill(2));
  });
});
