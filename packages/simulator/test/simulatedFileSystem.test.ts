import { bytesEqual, Prng } from '@zookafka/base';
import { DiskError, SimulatedFileSystem } from '../src/simulatedFileSystem.ts';

const seeds = Array.from({ length: 200 }, (_, seed) => seed);

function filled(length: number, value: number): Uint8Array {
  return new Uint8Array(length).fill(value);
}

function withFolder(): SimulatedFileSystem {
  const disk = new SimulatedFileSystem();
  disk.makeDirectory('/data');
  disk.syncDirectory('/');
  return disk;
}

describe('SimulatedFileSystem', () => {
  it('keeps everything that a killed process wrote, and its handles die', () => {
    const disk = withFolder();
    const handle = disk.open('/data/log');
    handle.append([filled(3, 1), filled(2, 2)]);
    disk.kill();
    expect(() => {
      handle.append([filled(1, 1)]);
    }).toThrow(DiskError);
    expect([...disk.open('/data/log').read(0, 10)]).toEqual([1, 1, 1, 2, 2]);
  });

  it('keeps what was synced, and of the rest a prefix torn at a sector', () => {
    const sizes = new Set<number>();
    for (const seed of seeds) {
      const disk = withFolder();
      const handle = disk.open('/data/log');
      disk.syncDirectory('/data');
      handle.append([filled(700, 1)]);
      handle.sync();
      handle.append([filled(1500, 2)]);
      disk.powerCut(new Prng(seed));
      const { size } = disk.open('/data/log');
      expect([700, 1024, 1536, 2048, 2200]).toContain(size);
      sizes.add(size);
      const whole = new Uint8Array([...filled(700, 1), ...filled(1500, 2)]);
      expect(bytesEqual(disk.open('/data/log').read(0, 9999), whole.subarray(0, size))).toBe(true);
    }
    expect(sizes.size).toBe(5);
  });

  it('may lose a name that no sync of its folder confirmed, synced content or not', () => {
    const found = new Set<boolean>();
    for (const seed of seeds) {
      const disk = withFolder();
      const handle = disk.open('/data/new');
      handle.append([filled(1, 1)]);
      handle.sync();
      disk.powerCut(new Prng(seed));
      found.add(disk.exists('/data/new'));
    }
    expect(found).toEqual(new Set([true, false]));
  });

  it('loses a rename whole or not at all', () => {
    const found = new Set<string>();
    for (const seed of seeds) {
      const disk = withFolder();
      disk.open('/data/old').sync();
      disk.syncDirectory('/data');
      disk.rename('/data/old', '/data/new');
      disk.powerCut(new Prng(seed));
      found.add(disk.list('/data').join());
    }
    expect(found).toEqual(new Set(['old', 'new']));
  });

  it('keeps a rename that a sync of the folder confirmed, and not the content that none did', () => {
    const sizes = new Set<number>();
    for (const seed of seeds) {
      const disk = withFolder();
      disk.open('/data/temporary').append([filled(100, 1)]);
      disk.rename('/data/temporary', '/data/final');
      disk.syncDirectory('/data');
      disk.powerCut(new Prng(seed));
      expect(disk.list('/data')).toEqual(['final']);
      sizes.add(disk.open('/data/final').size);
    }
    expect(sizes).toEqual(new Set([0, 100]));
  });

  it('may take back a truncation that was not synced', () => {
    const sizes = new Set<number>();
    for (const seed of seeds) {
      const disk = withFolder();
      const handle = disk.open('/data/log');
      disk.syncDirectory('/data');
      handle.append([filled(100, 1)]);
      handle.sync();
      handle.truncate(40);
      handle.truncate(20);
      disk.powerCut(new Prng(seed));
      const { size } = disk.open('/data/log');
      sizes.add(size);
      expect(bytesEqual(disk.open('/data/log').read(0, 200), filled(size, 1))).toBe(true);
    }
    expect(sizes).toEqual(new Set([20, 100]));
  });

  it('loses a folder whose own name was not confirmed, with all that is in it', () => {
    const lists = new Set<string>();
    for (const seed of seeds) {
      const disk = withFolder();
      disk.makeDirectory('/data/topic');
      disk.open('/data/topic/log').sync();
      disk.syncDirectory('/data/topic');
      disk.powerCut(new Prng(seed));
      lists.add(`${disk.list('/data').join()}:${disk.exists('/data/topic/log')}`);
    }
    expect(lists).toContain(':false');
    expect(lists).not.toContain(':true');
  });

  it('gives the same remains for the same seed', () => {
    const remains = (): string => {
      const disk = withFolder();
      for (let index = 0; index < 20; index++)
        disk.open(`/data/${index}`).append([filled(2000, 1)]);
      disk.powerCut(new Prng(42));
      return disk
        .list('/data')
        .map((name) => disk.open(`/data/${name}`).size)
        .join();
    };
    expect(remains()).toBe(remains());
  });

  it('fails an act where its probe throws', () => {
    const disk = new SimulatedFileSystem((operation, path) => {
      if (operation === 'sync') throw new DiskError({ code: 'EIO', path }, 'Cannot sync: planted');
    });
    expect(() => {
      disk.open('/log').sync();
    }).toThrow('planted');
  });

  it('moves a folder with its files, and removes one', () => {
    const disk = withFolder();
    disk.makeDirectory('/data/a/b');
    disk.open('/data/a/b/file').append([filled(3, 1)]);
    disk.rename('/data/a', '/data/c');
    expect(disk.open('/data/c/b/file').size).toBe(3);
    disk.removeDirectory('/data/c');
    expect(disk.list('/data')).toEqual([]);
    expect(() => disk.open('/data/c/file')).toThrow('no such folder');
  });
});
