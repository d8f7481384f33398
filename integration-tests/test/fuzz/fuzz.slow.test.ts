/** The script that sends mutated frames to every port of real processes, as a person starts it. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const bin = join(__dirname, '..', '..', 'bin', 'fuzz.js');

jest.setTimeout(300_000);

function fuzz(words: readonly string[]): { status: number | null; last: string; told: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...words], {
    encoding: 'utf8',
  });
  return { status, last: stdout.trim().split('\n').at(-1) ?? '', told: stderr };
}

describe('npm run fuzz', () => {
  it('finds that no process ends, grows, or leaves others without answers', () => {
    const { status, last, told } = fuzz(['--frames', '20000']);
    expect({ status, told }).toMatchObject({ status: 0 });
    const figures = JSON.parse(last) as {
      readonly frames: Readonly<Record<string, number>>;
      readonly keys: Readonly<Record<string, number>>;
      readonly bystanders: Readonly<Record<string, { readonly p99Ms: number }>>;
    };
    expect(figures.frames['mutated']).toBeGreaterThanOrEqual((figures.frames['total'] ?? 0) / 2);
    expect(figures.keys['covered']).toBe(figures.keys['all']);
    expect(Object.keys(figures.bystanders)).toEqual(['coordinator', 'broker']);
  });

  it.each([
    [['--frames', '10'], 'Cannot use --frames "10": it is a whole number from 5000 to 100000000'],
    [['--frames', 'x'], 'Cannot use --frames "x"'],
    [['--seed', '-1'], "Option '--seed' argument is ambiguous"],
    [['--what'], "Unknown option '--what'"],
    [['7'], "Unexpected argument '7'"],
  ])('refuses %j with a sentence', (words, sentence) => {
    const { status, told } = fuzz(words);
    expect({ status, told }).toEqual({
      status: 2,
      told: expect.stringContaining(sentence) as string,
    });
  });
});
