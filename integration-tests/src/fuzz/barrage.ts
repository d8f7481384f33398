import { type Prng } from '@zookafka/base';
import { Lane } from './lane.ts';
import { type Port } from './ports.ts';
import { type Tally } from './tally.ts';

/** Connections to each port at a time. */
const lanesPerPort = 4;

/**
 * Sends about so many things to the ports, by their shares, over several connections to each at once.
 *
 * @returns a sentence for each port that could not be reached any more
 */
export async function barrage(
  ports: readonly Port[],
  count: number,
  { prng, tally }: { readonly prng: Prng; readonly tally: Tally },
): Promise<readonly string[]> {
  const shares = ports.reduce((sum, { share }) => sum + share, 0);
  const lanes = await Promise.allSettled(
    ports.flatMap(({ share, ...port }) =>
      Array.from({ length: lanesPerPort }, () =>
        new Lane({ ...port, prng: prng.fork(), tally }).run(
          Math.ceil((count * share) / shares / lanesPerPort),
        ),
      ),
    ),
  );
  const failed = lanes.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
  return [...new Set(failed.map(({ reason }) => (reason as Error).message))];
}
