import { Admin, type ConsumedRecord, NodeConsumer } from '@zookafka/client';
import { errorName } from '@zookafka/kafka-wire';
import { failedError, usageError } from '../failure.ts';
import { bootstrapOf, command, print, printJson, withBootstrap, withJson } from './command.ts';

interface ConsumeOptions {
  readonly data: string;
  readonly bootstrapServer: string | undefined;
  readonly json: boolean;
  readonly topic: string;
  readonly group: string | undefined;
  readonly partition: number | undefined;
  readonly fromBeginning: boolean;
  readonly maxMessages: number | undefined;
  readonly timeoutMs: number | undefined;
  readonly printKey: boolean;
}

/** `zookafka consume` */
export const consumeCommand = command<ConsumeOptions>({
  command: 'consume',
  describe: 'print the records of a topic, a line each, until Ctrl-C',
  builder: (yargs) =>
    withJson(withBootstrap(yargs))
      .option('topic', { type: 'string', requiresArg: true, demandOption: true })
      .option('group', {
        type: 'string',
        requiresArg: true,
        describe: 'as a member of this group; commits what it printed',
      })
      .option('partition', {
        type: 'number',
        requiresArg: true,
        describe: 'only this one, without a group',
      })
      .option('from-beginning', { type: 'boolean', default: false })
      .option('max-messages', { type: 'number', requiresArg: true, describe: 'end after so many' })
      .option('timeout-ms', {
        type: 'number',
        requiresArg: true,
        describe: 'end when nothing came for so long',
      })
      .option('print-key', { type: 'boolean', default: false }) as never,
  handler: runConsume,
});

async function runConsume(options: ConsumeOptions): Promise<void> {
  const { topic, group, maxMessages = Infinity } = options;
  if (group !== undefined && options.partition !== undefined) {
    throw usageError('--partition goes without --group: a group deals partitions out itself');
  }
  const bootstrap = bootstrapOf(options);
  const consumer = await NodeConsumer.create({
    bootstrap,
    clientId: 'zookafka-consume',
    autoOffsetReset: options.fromBeginning ? 'earliest' : 'latest',
    ...(group === undefined ? {} : { group }),
  });
  if (group !== undefined) consumer.subscribe([topic]);
  else consumer.assign(await partitionsOf(bootstrap, options));

  let count = 0;
  const idle = idleTimer(options.timeoutMs, () => {
    consumer.close();
  });
  const stop = (): void => {
    consumer.close();
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  for await (const record of consumer.records()) {
    idle.restart();
    show(record, options);
    count++;
    if (count >= maxMessages) break;
  }
  idle.stop();
  if (group !== undefined && count > 0) await consumer.commit();
  consumer.close();
}

async function partitionsOf(
  bootstrap: string,
  { topic, partition }: ConsumeOptions,
): Promise<readonly { topic: string; partition: number; offset: undefined }[]> {
  if (partition !== undefined) return [{ topic, partition, offset: undefined }];
  const admin = new Admin({ bootstrap });
  try {
    const { topics } = await admin.call('metadata', {
      topics: [{ name: topic }],
      allowAutoTopicCreation: false,
    });
    const found = topics[0];
    if (found?.errorCode !== 0) {
      throw failedError(`Cannot read ${topic}: ${errorName(found?.errorCode ?? -1)}`);
    }
    return found.partitions.map(({ partitionIndex }) => ({
      topic,
      partition: partitionIndex,
      offset: undefined,
    }));
  } finally {
    admin.close();
  }
}

function show(record: ConsumedRecord, { json, printKey }: ConsumeOptions): void {
  const text = (bytes: Uint8Array | null): string | null =>
    bytes === null ? null : Buffer.from(bytes).toString('utf8');
  const { topic, partition, offset, timestampMs } = record;
  const key = text(record.key);
  const value = text(record.value);
  if (json) printJson({ topic, partition, offset, timestampMs, key, value });
  else print(`${printKey ? `${key ?? 'null'}\t` : ''}${value ?? 'null'}`);
}

function idleTimer(
  timeoutMs: number | undefined,
  onIdle: () => void,
): { readonly restart: () => void; readonly stop: () => void } {
  let timeout: NodeJS.Timeout | undefined;
  const stop = (): void => {
    clearTimeout(timeout);
  };
  const restart = (): void => {
    stop();
    if (timeoutMs !== undefined) timeout = setTimeout(onIdle, timeoutMs);
  };
  restart();
  return { restart, stop };
}
