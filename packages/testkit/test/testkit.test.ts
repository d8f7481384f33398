import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Machine } from '@zookafka/base';
import {
  collect,
  plainText,
  repositoryRoot,
  runGolden,
  sharedPath,
  temporaryFolder,
} from '../src/index.ts';

describe('runGolden', () => {
  const folder = temporaryFolder();

  function golden(text: string): string {
    const path = join(folder(), 'case.txt');
    writeFileSync(path, text);
    return path;
  }

  it('gives the file back when every output is as written', () => {
    const path = golden(
      '# Says it.\necho a b\n----\na b\n\nlines\nx\ny\n----\n----\nx\n\ny\n----\n----\n\nnothing\n----\n',
    );
    const { actual, expected } = runGolden(path, ({ command, args, input }) => {
      if (command === 'echo') return args.join(' ');
      return input.split('\n').join('\n\n');
    });
    expect(actual).toBe(expected);
  });

  it('shows an output that differs', () => {
    const { actual, expected } = runGolden(golden('one\n----\n1\n'), () => '2');
    expect(actual).toBe('one\n----\n2\n');
    expect(expected).toBe('one\n----\n1\n');
  });

  it('rewrites the file when it is told to', () => {
    const path = golden('one\n----\nwrong\n');
    process.env['UPDATE_GOLDEN'] = '1';
    try {
      const { actual, expected } = runGolden(path, () => 'right\n\nand more');
      expect(actual).toBe(expected);
    } finally {
      delete process.env['UPDATE_GOLDEN'];
    }
    expect(readFileSync(path, 'utf8')).toBe('one\n----\n----\nright\n\nand more\n----\n----\n');
    expect(runGolden(path, () => 'right\n\nand more').actual).toBe(readFileSync(path, 'utf8'));
  });
});

describe('temporaryFolder', () => {
  const folder = temporaryFolder();
  const seen: string[] = [];

  it.each([1, 2])('gives test %i a folder of its own', () => {
    expect(existsSync(folder())).toBe(true);
    expect(folder()).toBe(folder());
    expect(seen).not.toContain(folder());
    for (const path of seen) expect(existsSync(path)).toBe(false);
    seen.push(folder());
  });
});

describe('collect', () => {
  it('shows effects as text, one a line', () => {
    const machine: Machine<number, object> = {
      step: (input, nowMs, effects) => {
        effects.push({ kind: 'send', to: input, message: { kind: 'vote', epoch: 1 } });
        effects.push({ kind: 'setTimer', timer: 'a b', atMs: nowMs });
      },
    };
    expect(collect(machine, 2, 7)).toBe(
      'send to=2 message=(vote epoch=1)\nsetTimer timer="a b" atMs=7',
    );
  });

  it.each([
    [{ kind: 'x', bytes: new Uint8Array([1, 255]) }, 'x bytes=0x01ff'],
    [{ kind: 'x', list: [1, { a: null }] }, 'x list=[1 (a=null)]'],
    [new Map([[1, new Set(['a'])]]), '{1:{a}}'],
    ['', '""'],
  ])('shows %j', (value, text) => {
    expect(plainText(value)).toBe(text);
  });
});

describe('sharedPath', () => {
  it('gives undefined for what is missing', () => {
    expect(sharedPath('no-such-file')).toBeUndefined();
    expect(existsSync(join(repositoryRoot(), 'lerna.json'))).toBe(true);
  });
});
