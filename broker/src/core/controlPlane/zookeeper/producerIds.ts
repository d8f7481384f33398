import { errorCodes } from '@zookafka/zookeeper-wire';
import {
  decodeProducerIdBlock,
  encodeProducerIdBlock,
  type ProducerIdBlock,
} from './smallPayloads.ts';
import { ask, read, setData, ZookeeperAnswerError, type Task } from './task.ts';
import { znodes } from './znodePaths.ts';

/** How many producer ids a broker takes at once. */
export const producerIdsPerBlock = 1000;
/** How often a broker tries again at once when others take blocks under its hands. */
const attemptsMax = 20;

/**
 * Takes the next block of producer ids for a broker, by a write at the version that was read. A block whose taking was
 * lost is skipped: ids are never given twice.
 */
export function* takeProducerIds(broker: number): Task<ProducerIdBlock> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const found = yield* read(znodes.producerIdBlock);
    const last = decodeProducerIdBlock(found?.data ?? null);
    if (found === null || last === undefined) {
      throw new ZookeeperAnswerError(
        errorCodes.DataInconsistency,
        'read the last block of producer ids',
      );
    }
    const first = last === null ? 0 : last.last + 1;
    const block = { broker, first, last: first + producerIdsPerBlock - 1 };
    if (!Number.isSafeInteger(block.last)) {
      throw new ZookeeperAnswerError(errorCodes.BadArguments, 'count producer ids any further');
    }
    const { err } = yield* ask(
      setData(znodes.producerIdBlock, encodeProducerIdBlock(block), found.stat.version),
    );
    if (err === 0) return block;
    if (err !== errorCodes.BadVersion) {
      throw new ZookeeperAnswerError(err, 'take a block of producer ids');
    }
  }
  throw new ZookeeperAnswerError(errorCodes.BadVersion, 'take a block of producer ids');
}
