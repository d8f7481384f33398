import { join } from 'node:path';
import { runGolden } from '@zookafka/testkit';
import { Ensemble } from './transcript.ts';

describe('transcripts of an ensemble', () => {
  it.each(['threeMembers', 'truncation', 'snapshot', 'standalone'])('%s', (name) => {
    let ensemble = new Ensemble([1, 2, 3]);
    const { actual, expected } = runGolden(
      join(__dirname, 'golden', `${name}.txt`),
      ({ command, args }) => {
        if (command === 'voters') ensemble = new Ensemble(args.map(Number));
        else if (command === 'limits') {
          ensemble = new Ensemble([1, 2, 3], { committedLogCountMax: Number(args[0]) });
        } else return ensemble.run(command, args);
        return '';
      },
    );
    expect(actual).toBe(expected);
  });
});
