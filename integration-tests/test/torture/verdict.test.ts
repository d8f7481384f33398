/** The judge of torture sees each fault that it is there for; its words are checked before anything starts. */
import { parseWishes } from '../../src/torture/main.ts';
import { numberOfLine, realText } from '../../src/torture/text.ts';
import { judge, requireFlawless } from '../../src/torture/verdict.ts';

const lineOf = realText();
const flawless = { lines: 4, lost: 0, doubled: 0, disordered: 0, foreign: 0 };

function judgeNumbers(...partitions: readonly (readonly number[])[]): ReturnType<typeof judge> {
  return judge(
    partitions.map((numbers) => numbers.map(lineOf)),
    4,
    lineOf,
  );
}

describe('the judge of torture', () => {
  it('finds no fault where each line is there once, in the order of its partition', () => {
    expect(judgeNumbers([2, 4], [1, 3])).toEqual(flawless);
    expect(() => {
      requireFlawless('All', flawless);
    }).not.toThrow();
  });

  it.each([
    ['a lost line', [[2, 4], [1]], { ...flawless, lines: 3, lost: 1 }],
    ['a doubled line in one partition', [[1, 2, 2, 3, 4]], { ...flawless, doubled: 1 }],
    [
      'a doubled line in two partitions',
      [
        [1, 2],
        [2, 3, 4],
      ],
      { ...flawless, doubled: 1 },
    ],
    ['two lines in the wrong order', [[2, 1, 3, 4]], { ...flawless, disordered: 1 }],
    ['a line that nobody wrote', [[1, 2, 3, 4, 5]], { ...flawless, foreign: 1 }],
  ])('finds %s', (_, partitions, verdict) => {
    expect(judgeNumbers(...partitions)).toEqual(verdict);
    expect(() => {
      requireFlawless('This', verdict);
    }).toThrow(/^This did not survive: /);
  });

  it('takes a line whose text changed for one that nobody wrote', () => {
    const read = [[lineOf(1), `${lineOf(2)}!`, lineOf(3), lineOf(4)]];
    expect(judge(read, 4, lineOf)).toEqual({ ...flawless, lines: 3, lost: 1, foreign: 1 });
  });

  it('numbers lines of real text', () => {
    expect(numberOfLine(lineOf(12_345))).toBe(12_345);
    expect(new Set(Array.from({ length: 500 }, (_, at) => lineOf(at + 1))).size).toBe(500);
  });
});

describe('the words of torture', () => {
  it('have defaults', () => {
    expect(parseWishes([])).toEqual({
      lines: 200_000,
      rounds: 1,
      seed: 1,
      isKept: false,
      isOfEnsemble: false,
    });
  });

  it.each([
    [['--ensemble', '--seed', '2'], '--ensemble takes no --lines, --rounds or --seed'],
    [['--lines', '0'], '--lines is 0: accepted is a whole number from 1 to 10000000'],
    [['--rounds', 'x'], '--rounds is x: accepted is a whole number from 1 to 1000'],
    [['--seed', '1.5'], '--seed is 1.5: accepted is a whole number from 0 to 4294967295'],
  ])('%j are refused in a sentence', (words, sentence) => {
    expect(() => parseWishes(words)).toThrow(sentence);
  });

  it.each([['--faster'], ['much']])('%s is refused by name', (word) => {
    expect(() => parseWishes([word])).toThrow(word);
  });
});
