import { createInterface } from 'node:readline';

import { type ClientError, NodeProducer } from '@zookafka/client';
import { failedError, usageError } from '../failure.ts';
import {
  bootstrapOf,
  command,
  printJson,
  requireWithin,
  tell,
  withBootstrap,
  withJson,
} from './command.ts';
import { findTopic } from './findTopic.ts';

interface ProduceOptions {
  readonly data: string;
  readonly bootstrapServer: string | undefined;
  readonly json: boolean;
  readonly topic: string;
  readonly partition: number | undefined;
  readonly acks: string;
  readonly keySeparator: string | undefined;
}

const acksByWord = { all: -1, '-1': -1, '0': 0, '1': 1 } as const;

/** `zookafka produce` */
export const produceCommand = command<ProduceOptions>({
  command: 'produce',
  describe: 'write the lines of standard input to a topic, a record a line',
  builder: (yargs) =>
    withJson(withBootstrap(yargs))
      .option('topic', { type: 'string', requiresArg: true, demandOption: true })
      .option('partition', {
        type: 'number',
        requiresArg: true,
        describe: 'all of them to this one',
      })
      .option('acks', { type: 'string', choices: Object.keys(acksByWord), default: 'all' })
      .option('key-separator', {
        type: 'string',
        requiresArg: true,
        describe: 'what ends the key in a line',
      }) as never,
  handler: runProduce,
});

async function runProduce(options: ProduceOptions): Promise<void> {
  if (options.topic === '') throw usageError('--topic is missing');
  requireWithin('--partition', options.partition, { min: 0 });
  const bootstrap = bootstrapOf(options);
  // The producer waits for a partition that it does not know, which may just be made; a person has more likely miscounted.
  if (options.partition !== undefined) await findTopic(bootstrap, options);
  const producer = new NodeProducer({
    bootstrap,
    clientId: 'zookafka-produce',
    acks: acksByWord[options.acks as keyof typeof acksByWord],
  });
  let sent = 0;
  let delivered = 0;
  let failure: ClientError | undefined;
  for await (const line of createInterface({ input: process.stdin })) {
    const { key, value } = splitLine(line, options.keySeparator);
    const { topic, partition } = options;
    // Lines come faster than they can be written: a large file must neither fill the memory nor be refused.
    await producer.room();
    sent++;
    producer.send({ topic, ...(partition === undefined ? {} : { partition }), key, value }).then(
      (where) => {
        delivered++;
        if (options.json) printJson({ topic, ...where });
      },
      (error: unknown) => {
        failure ??= error as ClientError;
      },
    );
  }
  producer.flush();
  // Every record has come to its end then.
  await producer.close();
  // Without acknowledgements nobody knows more.
  const verb = options.acks === '0' ? 'sent' : 'delivered';
  tell(`${delivered} of ${sent} records ${verb}`);
  if (failure !== undefined) {
    throw failedError(
      `${failure.message}${failure.isUnknown ? ' (it may have been written)' : ''}`,
    );
  }
}

function splitLine(
  line: string,
  separator: string | undefined,
): { readonly key: string | null; readonly value: string } {
  const at = separator === undefined ? -1 : line.indexOf(separator);
  if (separator === undefined || at < 0) return { key: null, value: line };
  return { key: line.slice(0, at), value: line.slice(at + separator.length) };
}
