/** The script that runs whole clusters in virtual time, as a person starts it. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Summary } from '../../src/simulate/summary.ts';
import { type SeedDone } from '../../src/simulate/seedResult.ts';

const bin = join(__dirname, '..', '..', 'bin', 'simulate.js');

function simulate(words: readonly string[]): { status: number | null; last: string; told: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...words], {
    encoding: 'utf8',
  });
  return { status, last: stdout.trim().split('\n').at(-1) ?? '', told: stderr };
}

const done: SeedDone = {
  kind: 'done',
  seed: 1,
  memberCount: 3,
  brokerCount: 3,
  hash: '',
  eventCount: 1,
  simulatedMs: 1000,
  ackedOperations: 100,
  ackedRecords: 100,
  elections: 1,
  faults: [['kill', 1]],
  swarm: '',
};

describe('npm run simulate', () => {
  it('replays a seed: the same history in every process', () => {
    const words = ['--seed', '11', '--seconds', '8'];
    const [first, second] = [simulate(words), simulate(words)];
    expect(first.status).toBe(0);
    const { seed, hash } = JSON.parse(first.last) as { seed: number; hash: string };
    expect(seed).toBe(11);
    expect(hash).toMatch(/^[0-9a-f]{16}$/);
    expect((JSON.parse(second.last) as { hash: string }).hash).toBe(hash);
    expect(first.told).toContain(hash);
  });

  it('runs many seeds on all cores and tells what they did', () => {
    const { status, last, told } = simulate(['--seeds', '6', '--seconds', '8', '--workers', '2']);
    expect({ status, told }).toMatchObject({ status: 0 });
    expect(JSON.parse(last)).toMatchObject({ seeds: 6, violations: 0 });
    expect((JSON.parse(last) as { simulatedPerReal: number }).simulatedPerReal).toBeGreaterThan(0);
  });

  it.each([
    [['--seed', 'x'], 'Cannot use --seed "x"'],
    [['--seeds', '0'], 'Cannot use --seeds "0"'],
    [['--seconds', '1.5'], 'Cannot use --seconds "1.5"'],
    [['--seed', '1', '--seeds', '2'], 'Cannot use --seed and --seeds together'],
    [['--what'], "Unknown option '--what'"],
    [['7'], "Unexpected argument '7'"],
  ])('refuses %j with a sentence', (words, sentence) => {
    const { status, told } = simulate(words);
    expect({ status, told }).toEqual({
      status: 2,
      told: expect.stringMatching(/^simulate: [^\n]+\n$/) as string,
    });
    expect(told).toContain(sentence);
  });
});

describe('the verdict on many seeds', () => {
  it('is good when all is well', () => {
    const summary = new Summary();
    summary.add(done);
    expect(summary.failures).toEqual([]);
  });

  it('names what broke, what was idle and what was never shown', () => {
    const summary = new Summary();
    summary.add({ kind: 'violated', seed: 7, explanation: 'K1: gone' });
    for (let seed = 0; seed < 20; seed++) summary.add({ ...done, seed, ackedOperations: 99 });
    expect(summary.failures).toEqual([
      expect.stringMatching(/^1 seeds broke a rule$/),
      expect.stringMatching(/^seeds with under 100 acknowledged operations: 0, 1, /),
      expect.stringMatching(/^faults that no seed showed: delay, /),
    ]);
  });
});
