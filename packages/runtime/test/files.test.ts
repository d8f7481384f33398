import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '@zookafka/testkit';
import { createLog, EventLog, makeFolder, NodeFileSystem, writePidFile } from '../src/index.ts';

const folder = temporaryFolder();

describe('a folder', () => {
  it('is made with those above it, and may be there', () => {
    const path = join(folder(), 'one', 'two', 'three');
    makeFolder(path);
    makeFolder(path);
    makeFolder(join(path, '..', 'four', '.'));
    expect(existsSync(join(folder(), 'one', 'two', 'four'))).toBe(true);
  });

  it('is not made where a file is, or in one', () => {
    const file = join(folder(), 'file');
    writeFileSync(file, '');
    expect(() => {
      makeFolder(file);
    }).toThrow('EEXIST');
    expect(() => {
      makeFolder(join(file, 'below', 'it'));
    }).toThrow('ENOTDIR');
  });

  const hasProc = existsSync('/proc/self');
  (hasProc ? it : it.skip)(
    'is refused by a file system that takes none (skipped without /proc)',
    () => {
      expect(() => {
        makeFolder('/proc/zookafka/data');
      }).toThrow('ENOENT');
    },
  );
});

describe('NodeFileSystem', () => {
  it('appends, reads, truncates and syncs', () => {
    const files = new NodeFileSystem();
    const handle = files.open(join(folder(), 'log'));
    const chunks = Array.from({ length: 3000 }, (_, index) =>
      new Uint8Array(10).fill(index & 0xff),
    );
    handle.append(chunks);
    handle.append([]);
    expect(handle.size).toBe(30_000);
    expect([...handle.read(20_005, 10)]).toEqual([
      ...Array<number>(5).fill(2000 & 0xff),
      ...Array<number>(5).fill(2001 & 0xff),
    ]);
    expect(handle.read(29_999, 10)).toHaveLength(1);
    expect(handle.read(30_000, 10)).toHaveLength(0);
    handle.truncate(15);
    handle.append([new Uint8Array([9])]);
    handle.sync();
    handle.close();
    const again = files.open(join(folder(), 'log'));
    expect(again.size).toBe(16);
    expect([...again.read(14, 9)]).toEqual([1, 9]);
    again.close();
  });

  it('keeps folders', () => {
    const files = new NodeFileSystem();
    const path = join(folder(), 'a', 'b');
    files.makeDirectory(path);
    files.open(join(path, 'two')).close();
    files.rename(join(path, 'two'), join(path, 'one'));
    files.open(join(path, 'three')).close();
    files.syncDirectory(path);
    expect(files.list(path)).toEqual(['one', 'three']);
    files.removeFile(join(path, 'one'));
    expect(files.exists(join(path, 'one'))).toBe(false);
    files.removeDirectory(join(folder(), 'a'));
    expect(files.list(path)).toEqual([]);
  });
});

describe('EventLog', () => {
  it('writes one object a line, its own fields first and safe from the facts', () => {
    const file = join(folder(), 'events.jsonl');
    const clock = { monotonicMs: () => 5, monotonicUs: () => 5250, wallMs: () => 0 };
    const log = new EventLog({ file, node: 'coordinator-1', clock });
    log.record({ event: 'roleChanged', facts: { role: 'leading', node: 'somebody' } });
    log.record({ event: 'stopped', facts: {} });
    log.close();
    log.record({ event: 'lost', facts: {} });
    const head = '{"monotonicMs":5.25,"wallTime":"1970-01-01T00:00:00.000Z","node":"coordinator-1"';
    expect(readFileSync(file, 'utf8')).toBe(
      `${head},"event":"roleChanged","role":"leading"}\n${head},"event":"stopped"}\n`,
    );
  });
});

describe('createLog', () => {
  it('writes lines of JSON to a file, from its level on', async () => {
    const file = join(folder(), 'node.log');
    const log = createLog({ node: 'broker-1', form: 'json', level: 'info', file });
    log.debug('Not shown');
    log.info('Role changed', { epoch: 3 });
    log.error('Cannot write', { error: new Error('disk full') });
    await log.close();
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      {
        level: 'info',
        message: 'Role changed',
        node: 'broker-1',
        fields: { epoch: 3 },
        timestamp: expect.any(String) as string,
      },
      {
        level: 'error',
        message: 'Cannot write',
        node: 'broker-1',
        fields: { error: 'disk full' },
        timestamp: expect.any(String) as string,
      },
    ]);
  });

  it('writes lines of text', async () => {
    const file = join(folder(), 'node.log');
    const log = createLog({ node: 'broker-1', file });
    log.warn('Slow', { ms: 12, peer: 'b' });
    await log.close();
    expect(readFileSync(file, 'utf8')).toMatch(/^\S+Z WARN {2}broker-1 Slow ms=12 peer=b\n$/);
  });
});

describe('writePidFile', () => {
  it('is removed by whoever wrote it', () => {
    const path = join(folder(), 'pid');
    const remove = writePidFile(path);
    expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`);
    remove();
    remove();
    expect(new NodeFileSystem().exists(path)).toBe(false);
  });
});
