import { bytesConcat, ByteReader, Prng } from '@zookafka/base';
import {
  type ApiName,
  apis,
  batchHeads,
  decodeRecords,
  decodeRequest,
  decodeRequestHead,
  decodeResponse,
  decodeResponseHead,
  encodeRequestFrame,
  encodeResponseFrame,
  type FetchedRecord,
  type RequestBody,
  type ResponseOf,
} from '@zookafka/kafka-wire';
import {
  type BrokerConfig,
  brokerConfigDefaults,
  classicGroups,
  ClusterImage,
  type GroupCoordinator,
  type GroupCoordinatorPort,
  type GroupRules,
  groupRules,
  offsetsTopic,
  type OffsetsRead,
  type PartitionMetadata,
} from '@zookafka/broker/core';
import { PendingRequest } from '../../src/core/connections.ts';

/** One batch of the log. */
export interface StoredBatch {
  readonly bytes: Uint8Array;
  readonly firstOffset: number;
  readonly offsetNext: number;
  onDone: ((errorCode: number) => void) | undefined;
  /** A new leader did not have it. */
  isGone?: boolean;
}

/** One partition of `__consumer_offsets`, whoever leads it. */
export class OffsetsLog {
  batches: StoredBatch[] = [];
  leader = -1;
  epoch = -1;
  /** Where the log ended when the epoch began. */
  epochStart = 0;

  get end(): number {
    return this.batches.at(-1)?.offsetNext ?? 0;
  }

  records(): FetchedRecord[] {
    return this.batches.flatMap(({ bytes }) =>
      [...batchHeads(bytes)].flatMap((head) => [...decodeRecords(bytes, head)]),
    );
  }
}

/** An answer that has come, or has not. */
export interface Answer<Name extends ApiName> {
  body: ResponseOf<Name> | undefined;
}

interface FakeBroker {
  readonly port: FakePort;
  readonly groups: GroupCoordinator;
}

/** What a cluster of group coordinators is made with. */
export interface ClusterOptions {
  readonly brokers?: number;
  readonly partitions?: number;
  readonly config?: Partial<BrokerConfig>;
  readonly rules?: Partial<GroupRules>;
  readonly seed?: number;
  /** Appends are committed, and reads answered, when the test says so. */
  readonly isSlow?: boolean;
  readonly hasOffsetsTopic?: boolean;
}

const wallStartMs = 1_700_000_000_000;

/** Group coordinators over logs in memory; who leads what is decided by hand, and so is when an append is committed. */
export class GroupCluster {
  nowMs = 1000;
  readonly logs: OffsetsLog[] = [];
  readonly brokers: FakeBroker[] = [];
  readonly image = new ClusterImage();
  readonly traces: { event: string; facts: Readonly<Record<string, unknown>> }[] = [];
  readonly reads: (() => void)[] = [];
  readonly options: ClusterOptions;
  creations = 0;
  appendFault = 0;
  readFault = 0;
  private correlationLast = 0;

  constructor(options: ClusterOptions = {}) {
    this.options = options;
    const { brokers = 1, partitions = 1, hasOffsetsTopic = true } = options;
    const topic = (name: string, count: number): void => {
      const topicId = name.padEnd(22, 'A').slice(0, 22);
      const states = Array.from({ length: count }, (_, partition): PartitionMetadata => ({
        topic: name,
        topicId,
        partition,
        leader: -1,
        leaderEpoch: 0,
        partitionEpoch: 0,
        controllerEpoch: 1,
        replicas: [0],
        isr: [0],
        stateZxid: 1,
      }));
      this.image.apply({ topics: [{ name, topicId, partitions: states, config: {} }] });
    };
    topic('t', 4);
    for (let id = 0; id < brokers; id++) {
      const endpoint = { id, epoch: 1, host: `b${id}`, port: 9092 + id, rack: null };
      this.image.apply({ brokers: [endpoint] });
      const port = new FakePort(this, id);
      const rules = { ...groupRules, ...options.rules };
      this.brokers.push({ port, groups: classicGroups(rules)(port) });
    }
    if (!hasOffsetsTopic) return;
    topic(offsetsTopic, partitions);
    for (let partition = 0; partition < partitions; partition++) {
      this.logs.push(new OffsetsLog());
      this.lead(partition, partition % brokers);
    }
  }

  get wallMs(): number {
    return wallStartMs + this.nowMs;
  }

  /** Names a leader. What is not committed is kept up to `keep` batches: by default all of it. */
  lead(partition: number, broker: number, keep = Infinity): void {
    const log = this.logs[partition] as OffsetsLog;
    this.depose(partition, keep);
    log.leader = broker;
    log.epoch++;
    log.epochStart = log.end;
    this.tellLeader(partition, broker, log.epoch);
    this.brokers[broker]?.groups.onLeadershipGained(partition, log.epoch);
  }

  /** Nobody leads. */
  depose(partition: number, keep = Infinity): void {
    const log = this.logs[partition] as OffsetsLog;
    if (log.leader === -1) return;
    const before = log.leader;
    log.leader = -1;
    this.tellLeader(partition, -1, log.epoch);
    const waiting = log.batches.filter(({ onDone }) => onDone !== undefined);
    const gone = new Set(waiting.slice(keep));
    for (const batch of gone) batch.isGone = true;
    log.batches = log.batches.filter((batch) => !gone.has(batch));
    for (const batch of waiting) {
      const { onDone } = batch;
      batch.onDone = undefined;
      onDone?.(6);
    }
    this.brokers[before]?.groups.onLeadershipLost(partition);
  }

  /** Commits what is in a log, up to `count` batches. */
  commit(partition = 0, count = Infinity): void {
    const log = this.logs[partition] as OffsetsLog;
    const waiting = log.batches.filter(({ onDone }) => onDone !== undefined);
    for (const batch of waiting.slice(0, count)) {
      const { onDone } = batch;
      batch.onDone = undefined;
      onDone?.(0);
    }
  }

  answerReads(): void {
    for (let read = this.reads.shift(); read !== undefined; read = this.reads.shift()) read();
  }

  request<Name extends ApiName>(
    api: Name,
    body: RequestBody<Name>,
    options: { version?: number; broker?: number; clientId?: string } = {},
  ): Answer<Name> {
    const { version = apis[api].versions.max, broker = 0, clientId = 'client' } = options;
    const correlationId = ++this.correlationLast;
    const head = { apiVersion: version, correlationId, clientId };
    const frame = bytesConcat(encodeRequestFrame(api, head, body));
    const reader = new ByteReader(frame.subarray(4));
    decodeRequestHead(reader);
    const request = new PendingRequest({
      kind: 'request',
      connection: correlationId,
      correlationId,
      apiKey: apis[api].key,
      apiVersion: version,
      clientId,
      clientHost: '/127.0.0.1',
      body: decodeRequest(api, version, reader),
      wallMs: this.wallMs,
    });
    const answer: Answer<Name> = { body: undefined };
    const { port, groups } = this.brokers[broker] as FakeBroker;
    port.waiting.set(request, (given) => {
      const sent = bytesConcat(
        encodeResponseFrame(
          api,
          { apiVersion: version, correlationId },
          given as Parameters<typeof encodeResponseFrame>[2],
        ),
      );
      const back = new ByteReader(sent.subarray(4));
      decodeResponseHead(api, version, back);
      answer.body = decodeResponse(api, version, back);
      expect(back.remaining).toBe(0);
    });
    const handler = groups.handlers.find((one) => one.api === api);
    if (handler === undefined) throw new Error(`nobody serves ${api}`);
    handler.handle(request);
    return answer;
  }

  /** Asks for what is answered at once. */
  ask<Name extends ApiName>(
    api: Name,
    body: RequestBody<Name>,
    options: { version?: number; broker?: number; clientId?: string } = {},
  ): ResponseOf<Name> {
    const { body: answer } = this.request(api, body, options);
    if (answer === undefined) throw new Error(`no answer to ${api}`);
    return answer;
  }

  run(ms: number): void {
    const endMs = this.nowMs + ms;
    for (;;) {
      const next = this.brokers
        .flatMap(({ port }) => [...port.timers].map(([name, dueMs]) => ({ port, name, dueMs })))
        .sort((one, other) => one.dueMs - other.dueMs)[0];
      if (next === undefined || next.dueMs > endMs) break;
      this.nowMs = Math.max(this.nowMs, next.dueMs);
      next.port.timers.delete(next.name);
      this.brokers[next.port.id]?.groups.onGroupTimer(next.name);
    }
    this.nowMs = endMs;
  }

  private tellLeader(partition: number, leader: number, leaderEpoch: number): void {
    const state = this.image.partition(offsetsTopic, partition) as PartitionMetadata;
    this.image.apply({ partitions: [{ ...state, leader, leaderEpoch }] });
  }
}

class FakePort implements GroupCoordinatorPort {
  readonly id: number;
  readonly config: BrokerConfig;
  readonly waiting = new Map<PendingRequest, (body: object) => void>();
  readonly timers = new Map<string, number>();
  private readonly cluster: GroupCluster;
  private readonly prng: Prng;

  constructor(cluster: GroupCluster, id: number) {
    this.cluster = cluster;
    this.id = id;
    const { config = {}, seed = 1 } = cluster.options;
    this.config = { ...brokerConfigDefaults, brokerId: id, host: '', port: 0, ...config };
    this.prng = new Prng(seed * 100 + id);
  }

  get image(): ClusterImage {
    return this.cluster.image;
  }

  get nowMs(): number {
    return this.cluster.nowMs;
  }

  get wallMs(): number {
    return this.cluster.wallMs;
  }

  random(): number {
    return this.prng.uint32();
  }

  answer(request: PendingRequest, body: object): void {
    const onAnswer = this.waiting.get(request);
    this.waiting.delete(request);
    onAnswer?.(body);
  }

  append(
    partition: number,
    { records }: { readonly records: Uint8Array },
    onDone: (errorCode: number) => void,
  ): void {
    const { cluster } = this;
    const log = cluster.logs[partition] as OffsetsLog;
    if (log.leader !== this.id || cluster.appendFault !== 0) {
      onDone(cluster.appendFault === 0 ? 6 : cluster.appendFault);
      return;
    }
    const [head] = [...batchHeads(records)];
    const firstOffset = log.end;
    const bytes = records.slice();
    new DataView(bytes.buffer).setBigInt64(0, BigInt(firstOffset));
    const offsetNext = firstOffset + (head?.lastOffsetDelta ?? 0) + 1;
    log.batches.push({ bytes, firstOffset, offsetNext, onDone });
    if (cluster.options.isSlow !== true) cluster.commit(partition);
  }

  read(
    partition: number,
    { offset, maxBytes }: { readonly offset: number; readonly maxBytes: number },
    onDone: (read: OffsetsRead) => void,
  ): void {
    const log = this.cluster.logs[partition] as OffsetsLog;
    const { epoch } = log;
    const answer = (): void => {
      const chunks: Uint8Array[] = [];
      let left = maxBytes;
      for (const { bytes, offsetNext } of log.batches) {
        if (offsetNext <= offset || offsetNext > log.epochStart) continue;
        if (chunks.length > 0 && bytes.length > left) break;
        chunks.push(bytes);
        left -= bytes.length;
      }
      const errorCode = log.epoch === epoch ? this.cluster.readFault : 6;
      onDone({ errorCode, chunks, logStartOffset: 0, logEndOffset: log.epochStart });
    };
    if (this.cluster.options.isSlow === true) this.cluster.reads.push(answer);
    else answer();
  }

  setTimer(name: string, delayMs: number): void {
    this.timers.set(name, this.nowMs + delayMs);
  }

  cancelTimer(name: string): void {
    this.timers.delete(name);
  }

  createOffsetsTopic(): void {
    this.cluster.creations++;
  }

  trace(event: string, facts: Readonly<Record<string, unknown>>): void {
    this.cluster.traces.push({ event, facts });
  }
}
