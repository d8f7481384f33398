import { execFileSync } from 'node:child_process';
import { counted, shellWord } from '../src/words.ts';

describe('a word of a command that is shown', () => {
  it.each(['.zookafka', 'data/a-b_c', '127.0.0.1:9092,127.0.0.1:9093'])(
    'stays as it is: %s',
    (word) => {
      expect(shellWord(word)).toBe(word);
    },
  );

  it.each(['my data', "it's", '', 'a"b', '$HOME', 'ü', 'a\\b', '*', '~', 'a;b'])(
    'is one word for a shell: %j',
    (word) => {
      const said = execFileSync('sh', ['-c', `printf %s ${shellWord(word)}`], { encoding: 'utf8' });
      expect(said).toBe(word);
    },
  );
});

it('nouns are counted', () => {
  expect([0, 1, 2].map((count) => counted(count, 'broker'))).toEqual([
    '0 brokers',
    '1 broker',
    '2 brokers',
  ]);
});
