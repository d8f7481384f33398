import { utf8Encode } from '@zookafka/base';
import { type ClientEffect } from '@zookafka/client/core';
import { clientTiming, KafkaClient, simulatedPartitions, simulatedTopic } from './kafkaClient.ts';

const replicationFactorMax = 3;
const topicCreateToken = 0;

/** A producer: values that are never used twice, acks=all, idempotent. Makes the topic where nobody did. */
export class ProducerClient extends KafkaClient {
  acked = 0;
  private readonly sent = new Map<number, string>();
  private tokenNext = 1;
  private isStopping = false;

  start(): void {
    this.beginClient({
      producer: {
        ...clientTiming,
        acks: -1,
        lingerMs: 5,
        batchBytesMax: 4096,
        deliveryTimeoutMs: 60_000,
        bufferCountMax: 10_000,
        isIdempotent: true,
      },
      consumer: undefined,
      group: undefined,
    });
    this.createTopic();
  }

  /** Sends nothing more. */
  stop(): void {
    this.isStopping = true;
  }

  /** Nothing is on its way any more. */
  get isDone(): boolean {
    return this.sent.size === 0;
  }

  protected tell(effect: ClientEffect): void {
    if (effect.kind === 'delivered') this.onDelivered(effect);
    else if (effect.kind === 'notDelivered') this.sent.delete(effect.token);
    else if (effect.kind === 'called') this.onTopic(effect.outcome.kind === 'answered');
  }

  private createTopic(): void {
    const replicationFactor = Math.min(this.parts.brokers().length, replicationFactorMax);
    const topics = [
      { name: simulatedTopic, numPartitions: simulatedPartitions, replicationFactor },
    ];
    this.feed({
      kind: 'call',
      token: topicCreateToken,
      target: { kind: 'controller' },
      api: 'createTopics',
      body: { topics, timeoutMs: 3000 },
    });
  }

  private onTopic(isAnswered: boolean): void {
    this.later(isAnswered ? 100 : 300, () => {
      if (isAnswered) this.keepProducing();
      else this.createTopic();
    });
  }

  private keepProducing(): void {
    if (this.isStopping) return;
    this.produce();
    this.later(1 + this.prng.below(this.parts.swarm.producePauseMsMax), () => {
      this.keepProducing();
    });
  }

  private produce(): void {
    const token = this.tokenNext++;
    const value = `${this.name}:${token}`;
    this.sent.set(token, value);
    const record = {
      topic: simulatedTopic,
      partition: this.prng.below(simulatedPartitions),
      key: null,
      value: utf8Encode(value),
      headers: [],
      timestampMs: this.world.wallMs,
    };
    this.feed({ kind: 'produce', token, record });
  }

  private onDelivered({
    token,
    partition,
    offset,
  }: Extract<ClientEffect, { kind: 'delivered' }>): void {
    const value = this.sent.get(token);
    this.sent.delete(token);
    if (value === undefined) return;
    this.acked++;
    this.parts.checks.onAcked({ partition, offset, value });
  }
}
