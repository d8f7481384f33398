import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Kafka, logLevel } from 'kafkajs';
import { type Lines, type Pacer } from './pacer.ts';

/** What a producer writes, and where. */
export interface Production {
  readonly bootstrap: string;
  readonly topic: string;
  readonly partitionCount: number;
  readonly pacer: Pacer;
  readonly lineOf: (number: number) => string;
}

const linesMaxKcat = 500;
const linesMaxKafkajs = 50;
/** Longer than anything here lasts: a producer that gives up would hide what happened. */
const deliveryMsMax = 600_000;

/** Writes with kcat, idempotent, acks=all. @throws {Error} when kcat says that something was not delivered */
export async function produceWithKcat(production: Production): Promise<void> {
  const { bootstrap, topic, pacer, lineOf } = production;
  const settings = ['enable.idempotence=true', 'acks=all', `message.timeout.ms=${deliveryMsMax}`];
  const child = spawn(
    'kcat',
    ['-P', '-E', '-b', bootstrap, '-t', topic, ...settings.flatMap((one) => ['-X', one])],
    { stdio: ['pipe', 'ignore', 'pipe'] },
  );
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  child.stdin.on('error', () => undefined);
  const ended = once(child, 'close') as Promise<[number | null]>;
  for (;;) {
    const lines = await pacer.take(linesMaxKcat);
    if (lines === undefined || child.exitCode !== null) break;
    const isFull = !child.stdin.write(`${textsOf(lines, lineOf).join('\n')}\n`);
    if (isFull) await Promise.race([once(child.stdin, 'drain'), ended]);
  }
  child.stdin.end();
  const [code] = await ended;
  if (code !== 0 || /delivery failed/i.test(said)) {
    throw new Error(`kcat ended with ${code}: ${said.slice(-2000)}`);
  }
}

/** Writes with kafkajs, idempotent, acks=all: each partition in order, all partitions at a time. */
export async function produceWithKafkajs(production: Production): Promise<void> {
  const { bootstrap, topic, partitionCount, pacer, lineOf } = production;
  const kafka = kafkajs(bootstrap);
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  // One partition a call: of a call over several that failed in part, kafkajs sends all again.
  const lane = async (partition: number): Promise<void> => {
    for (;;) {
      const lines = await pacer.take(linesMaxKafkajs);
      if (lines === undefined) return;
      const messages = textsOf(lines, lineOf).map((value) => ({ partition, value }));
      await producer.send({ topic, acks: -1, messages });
    }
  };
  try {
    await Promise.all(Array.from({ length: partitionCount }, (_, partition) => lane(partition)));
  } finally {
    await producer.disconnect();
  }
}

/** A kafkajs that does not give up, and says nothing. */
export function kafkajs(bootstrap: string): Kafka {
  return new Kafka({
    brokers: bootstrap.split(','),
    logLevel: logLevel.NOTHING,
    retry: { retries: 1000, initialRetryTime: 50, maxRetryTime: 500 },
  });
}

function textsOf({ first, count }: Lines, lineOf: (number: number) => string): readonly string[] {
  return Array.from({ length: count }, (_, index) => lineOf(first + index));
}
