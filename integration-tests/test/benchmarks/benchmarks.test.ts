import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const folder = join(__dirname, '..', '..', 'benchmarks');
const gates = pathToFileURL(join(folder, 'gates.mjs')).href;

/** Evaluates an expression over the functions of the gates. */
function evaluate(expression: string): unknown {
  const source = `import * as gates from ${JSON.stringify(gates)};
    console.log(JSON.stringify(${expression} ?? null));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', source], {
    encoding: 'utf8',
  });
  if (stderr !== '') throw new Error(stderr);
  return JSON.parse(stdout);
}

describe('a run of a benchmark', () => {
  it('is void when anything else took over 0.2 cores, or the generator over 0.4', () => {
    expect(
      evaluate(`[
        gates.voidReason({ generatorCores: 0.4, otherCores: 0.2 }),
        gates.voidReason({ generatorCores: 0.41, otherCores: 0 }),
        gates.voidReason({ generatorCores: 0.9, otherCores: 0 }, true),
        gates.voidReason({ generatorCores: 0.1, otherCores: 0.21 }, true),
        gates.voidReason({ generatorCores: 0.1 }),
      ].map((reason) => reason ?? null)`),
    ).toEqual([
      null,
      'the generator took 0.41 cores',
      null,
      'other programs took 0.21 cores',
      'what others took is not known',
    ]);
  });

  it('counts by medians of those that are not void; where all are, it says so', () => {
    const run = (perSecond: number, isVoid: boolean): string =>
      `{ perSecond: ${perSecond}, isVoid: ${isVoid} }`;
    const counting = [run(1, false), run(5, false), run(3, false)];
    const runs = [...counting, run(99, true)].join(',');
    expect(evaluate(`gates.summary([${runs}])`)).toMatchObject({
      perSecond: 3,
      runs: 3,
      voidRuns: 1,
      isVoid: false,
    });
    expect(
      evaluate(`gates.summary([${counting.slice(1).join(',')}, ${run(9, true)}])`),
    ).toMatchObject({ perSecond: 4, runs: 2, isVoid: true });
    expect(evaluate(`gates.summary([${run(4, true)}, ${run(6, true)}])`)).toMatchObject({
      perSecond: 5,
      runs: 0,
      isVoid: true,
    });
  });

  it('holds a gate only with figures that count', () => {
    expect(
      evaluate(`[
        gates.judge('a', { ours: 25, original: 10 }, { least: 2.5 }),
        gates.judge('b', { ours: 24, original: 10 }, { least: 2.5 }),
        gates.judge('c', { ours: 3, original: 10 }, { most: 0.3 }),
        gates.judge('d', { ours: 25, original: 10, isVoid: true }, { least: 2.5 }),
        gates.judge('e', { ours: NaN, original: 10 }, { least: 0 }),
        gates.judge('f', { ours: -1, original: 10 }, { most: 0.3 }),
      ].map(({ holds }) => holds)`),
    ).toEqual([true, false, true, false, false, false]);
  });

  it('succeeds only when all gates there are were judged, and hold', () => {
    const holds = '{ holds: true }';
    expect(
      evaluate(`[
        gates.exitCodeOf([${holds}, ${holds}], 2),
        gates.exitCodeOf([${holds}], 2),
        gates.exitCodeOf([${holds}, { holds: false }], 2),
      ]`),
    ).toEqual([0, 1, 1]);
  });
});

describe.each(['coordinator.mjs', 'broker.mjs'])('%s', (script) => {
  it.each([
    [['--rounds', 'x'], "--rounds is a number above 0 and below 10000, not 'x'"],
    [['--cells', 'nothing'], "There is no cell 'nothing', there are: "],
    [['--bogus'], "Unknown option '--bogus'"],
  ])('refuses %j with a sentence and exit code 2', (args, sentence) => {
    const { status, stderr, stdout } = spawnSync(
      process.execPath,
      [join(folder, script), ...args],
      {
        encoding: 'utf8',
      },
    );
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(sentence);
  });
});
