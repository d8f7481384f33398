import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { kafkajs } from './producers.ts';
import { type ReadTopic, TopicReading } from './topicReading.ts';

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
  const reading = new TopicReading(highWatermarks);
  const words = ['-C', '-q', '-e', '-b', bootstrap, '-t', topic, '-o', 'beginning'];
  const child = spawn('kcat', [...words, '-X', 'check.crcs=true', '-f', '%p %o %s\\n'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: readMsMax,
  });
  const ended = once(child, 'close') as Promise<[number | null]>;
  for await (const line of createInterface({ input: child.stdout })) {
    const [place = '', partition, offset] = /^(\d+) (\d+) /.exec(line) ?? [];
    reading.add({ partition: Number(partition), offset: Number(offset) }, line.slice(place.length));
  }
  const [code] = await ended;
  if (code !== 0) throw new Error(`kcat could not read ${topic}: it ended with ${code}`);
  return reading.done();
}

/** Reads with kafkajs, as a group of one. */
export async function readWithKafkajs({
  bootstrap,
  topic,
  highWatermarks,
}: Reading): Promise<ReadTopic> {
  const reading = new TopicReading(highWatermarks);
  const consumer = kafkajs(bootstrap).consumer({ groupId: `readers-of-${topic}` });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    const timeout = setTimeout(() => {
      reject(new Error(`kafkajs did not read ${topic} to the end within ${readMsMax} ms`));
    }, readMsMax);
    const eachMessage = async ({ partition, message }: KafkajsRecord): Promise<void> => {
      const offset = Number(message.offset);
      reading.add({ partition, offset }, message.value?.toString() ?? '');
      if (reading.isWhole) {
        clearTimeout(timeout);
        resolve();
      }
      return Promise.resolve();
    };
    consumer.run({ eachMessage }).catch(reject);
  });
  await consumer.disconnect();
  return reading.done();
}

interface KafkajsRecord {
  readonly partition: number;
  readonly message: { readonly offset: string; readonly value: Buffer | null };
}
