import { createInterface } from 'node:readline';

import { type ClientError, NodeProducer } from '@zookafka/client';
import { failedError, usageError } from '../failure.ts';
import { bootstrapOf, command, printJson, tell, withBootstrap, withJson } from './command.ts';

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
      .option('acks', { choices: Object.keys(acksByWord), default: 'all' })
      .option('key-separator', {
        type: 'string',
        requiresArg: true,
        describe: 'what ends the key in a line',
      }) as never,
  handler: runProduce,
});

async function runProduce(options: ProduceOptions): Promise<void> {
  if (options.topic === '') throw usageError('--topic is missing');
  const producer = new NodeProducer({
    bootstrap: bootstrapOf(options),
    clientId: 'zookafka-produce',
    acks: acksByWord[options.acks as keyof typeof acksByWord],
  });
  let delivered = 0;
  let failure: ClientError | undefined;
  const sent: Promise<void>[] = [];
  for await (const line of createInterface({ input: process.stdin })) {
    const { key, value } = splitLine(line, options.keySeparator);
    const { topic, partition } = options;
    sent.push(
      producer.send({ topic, ...(partition === undefined ? {} : { partition }), key, value }).then(
        (where) => {
          delivered++;
          if (options.json) printJson({ topic, ...where });
        },
        (error: unknown) => {
          failure ??= error as ClientError;
        },
      ),
    );
  }
  producer.flush();
  await Promise.all(sent);
  await producer.close();
  tell(`${delivered} of ${sent.length} records delivered`);
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
