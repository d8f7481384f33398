import { ClientError, type ConsumedRecord, NodeConsumer, type Truncation } from '@zookafka/client';
import { errorName } from '@zookafka/kafka-wire';
import { failedError, usageError } from '../failure.ts';
import {
  bootstrapOf,
  command,
  print,
  printJson,
  requireWithin,
  tell,
  withBootstrap,
  withJson,
} from './command.ts';
import { findTopic } from './findTopic.ts';

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

const commitEveryMs = 5000;
/** The group deals out anew. */
const movedOn: ReadonlySet<string> = new Set([
  'REBALANCE_IN_PROGRESS',
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
]);

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
  requireWithin('--max-messages', options.maxMessages, { min: 1 });
  requireWithin('--timeout-ms', options.timeoutMs, { min: 0 });
  requireWithin('--partition', options.partition, { min: 0 });
  const bootstrap = bootstrapOf(options);
  const partitions = group === undefined ? await partitionsOf(bootstrap, options) : [];
  const consumer = await NodeConsumer.create({
    bootstrap,
    clientId: 'zookafka-consume',
    autoOffsetReset: options.fromBeginning ? 'earliest' : 'latest',
    ...(group === undefined ? {} : { group }),
    onTruncated: warn,
  });
  if (group !== undefined) consumer.subscribe([topic]);
  else consumer.assign(partitions);

  let count = 0;
  const stop = (): void => {
    consumer.stop();
  };
  const idle = idleTimer(options.timeoutMs, stop);
  const commits = group === undefined ? undefined : new Commits(consumer);
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  for await (const record of consumer.records()) {
    idle.restart();
    show(record, options);
    count++;
    if (count >= maxMessages) break;
  }
  idle.stop();
  if (count > 0) await commits?.commit();
  commits?.stop();
  consumer.close();
}

/** Commits what was printed, now and then: who is killed prints little of it again. */
class Commits {
  private readonly consumer: NodeConsumer;
  private readonly interval: NodeJS.Timeout;
  private failure: Error | undefined;

  constructor(consumer: NodeConsumer) {
    this.consumer = consumer;
    this.interval = setInterval(() => {
      this.commit().catch((error: unknown) => {
        this.failure = error as Error;
        consumer.stop();
      });
    }, commitEveryMs);
  }

  /** @throws {ClientError} unless another member may have the partitions by now, who reads on where they were committed */
  async commit(): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    try {
      await this.consumer.commit();
    } catch (error) {
      if (!(error instanceof ClientError && movedOn.has(error.code))) throw error;
    }
  }

  stop(): void {
    clearInterval(this.interval);
  }
}

async function partitionsOf(
  bootstrap: string,
  { topic, partition }: ConsumeOptions,
): Promise<readonly { topic: string; partition: number; offset: undefined }[]> {
  const { errorCode, partitionCount } = await findTopic(bootstrap, { topic, partition });
  if (errorCode !== 0) throw failedError(`Cannot read ${topic}: ${errorName(errorCode)}`);
  const all = Array.from({ length: partitionCount }, (_, index) => index);
  return (partition === undefined ? all : [partition]).map((one) => {
    return { topic, partition: one, offset: undefined };
  });
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

function warn({ topic, partition, offsetNext, endOffset }: Truncation): void {
  const lost =
    endOffset < 0
      ? `records below offset ${offsetNext} are lost: the new leader knows nothing of their epoch`
      : `offsets ${endOffset} to ${offsetNext - 1} are lost: the log of the new leader ended there`;
  tell(`${topic}-${partition}: what was read is not in the log any more, ${lost}`);
}

function idleTimer(
  timeoutMs: number | undefined,
  onIdle: () => void,
): { readonly restart: () => void; readonly stop: () => void } {
  const timeout = timeoutMs === undefined ? undefined : setTimeout(onIdle, timeoutMs);
  return {
    restart: () => {
      timeout?.refresh();
    },
    stop: () => {
      clearTimeout(timeout);
    },
  };
}
