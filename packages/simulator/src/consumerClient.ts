import { type ClientEffect } from '@zookafka/client/core';
import {
  consumerOptions,
  KafkaClient,
  recordsOf,
  simulatedPartitions,
  simulatedTopic,
} from './kafkaClient.ts';

/** A consumer that reads every partition from its start. */
export class ConsumerClient extends KafkaClient {
  start(): void {
    this.beginClient({ producer: undefined, consumer: consumerOptions, group: undefined });
    const partitions = Array.from({ length: simulatedPartitions }, (_, partition) => ({
      topic: simulatedTopic,
      partition,
      offset: 0,
    }));
    this.feed({ kind: 'assign', partitions });
  }

  /** It goes on reading. */
  stop(): void {
    this.resume();
  }

  protected tell(effect: ClientEffect): void {
    if (effect.kind !== 'records') return;
    this.feed({ kind: 'poll' });
    for (const record of recordsOf(effect)) this.parts.checks.onConsumed(record);
  }
}
