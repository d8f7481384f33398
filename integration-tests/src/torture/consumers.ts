import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { kafkajs } from './producers.ts';

/** A topic as a consumer saw it: the lines of each partition, in order. */
export type ReadTopic = readonly (readonly string[])[];

/** What to read: each partition from the start up to its high watermark. */
export interface Reading {
  readonly bootstrap: string;
  readonly topic: string;
  readonly highWatermarks: readonly number[];
}

const readMsMax = 120_000;

/** Reads with kcat until it says that it has reached the end. */
export async function readWithKcat({
  bootstrap,
  topic,
  highWatermarks,
}: Reading): Promise<ReadTopic> {
  const read: string[][] = highWatermarks.map(() => []);
  const words = ['-C', '-q', '-e', '-b', bootstrap, '-t', topic, '-o', 'beginning'];
  const child = spawn('kcat', [...words, '-X', 'check.crcs=true', '-f', '%p %s\\n'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: readMsMax,
  });
  const ended = once(child, 'close') as Promise<[number | null]>;
  for await (const line of createInterface({ input: child.stdout })) {
    const at = line.indexOf(' ');
    read[Number(line.slice(0, at))]?.push(line.slice(at + 1));
  }
  const [code] = await ended;
  if (code !== 0) throw new Error(`kcat could not read ${topic}: it ended with ${code}`);
  return read;
}

/** Reads with kafkajs, as a group of one. */
export async function readWithKafkajs({
  bootstrap,
  topic,
  highWatermarks,
}: Reading): Promise<ReadTopic> {
  const read: string[][] = highWatermarks.map(() => []);
  const consumer = kafkajs(bootstrap).consumer({ groupId: `readers-of-${topic}` });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  const isDone = (): boolean => highWatermarks.every((end, at) => (read[at]?.length ?? 0) >= end);
  await new Promise<void>((resolve, reject) => {
    const timeout = setTimeout(() => {
      reject(new Error(`kafkajs did not read ${topic} to the end within ${readMsMax} ms`));
    }, readMsMax);
    const eachMessage = async ({ partition, message }: KafkajsRecord): Promise<void> => {
      read[partition]?.push(message.value?.toString() ?? '');
      if (isDone()) {
        clearTimeout(timeout);
        resolve();
      }
      return Promise.resolve();
    };
    consumer.run({ eachMessage }).catch(reject);
  });
  await consumer.disconnect();
  return read;
}

interface KafkajsRecord {
  readonly partition: number;
  readonly message: { readonly value: Buffer | null };
}
