import { errorCodes, watchModes, type EventName, type Request } from '@zookafka/zookeeper-wire';
import { decodeBroker } from './brokerPayload.ts';
import { type MetadataListener, type StateSeen } from './metadataSeen.ts';
import { decodeController, decodeDeletedTopicId } from './smallPayloads.ts';
import { decodeState } from './statePayload.ts';
import { getChildren, getData, readOf, type Answer, type Task, type ZnodeRead } from './task.ts';
import { type TaskEnd, type TaskRunner } from './taskRunner.ts';
import { decodeConfig, decodeTopic } from './topicPayload.ts';
import {
  brokerPath,
  indexOf,
  isAwaited,
  isParent,
  statePath,
  topicPath,
  znodePathOf,
  znodePlaceOf,
  znodes,
  type ZnodePlace,
} from './znodePaths.ts';

/** How many znodes one batch of reads holds. */
const readsPerBatch = 512;

interface KnownTopic {
  readonly topicId: string;
  readonly createdZxid: number;
  readonly partitions: number;
  /** By partition: the state that was told last. */
  readonly told: Told[];
}

/** What is kept of a state: one is told in the order of its writing, or not at all. */
interface Told {
  readonly stateZxid: number;
  readonly leaderEpoch: number;
}

/** A znode to be read, and for a state the topic that it was to belong to. */
interface Due {
  readonly place: ZnodePlace;
  readonly path: string;
  /** One-shot watches only: the znode was absent, so a question whether it exists must leave the watch. */
  readonly isAbsent: boolean;
  readonly createdZxid: number;
}

/**
 * Keeps a broker's view of the cluster the same as the tree: what a watch names is read, nothing else; after each
 * connection everything is.
 *
 * Where the server has `addWatch`, five persistent watches see everything; their events of the time without a connection
 * are lost, hence the whole reading. Else every read leaves a one-shot watch. There is nothing per partition but one
 * number, and at most one batch of reads under way.
 */
export class MetadataReader {
  private readonly runner: TaskRunner;
  private readonly listener: MetadataListener;
  private readonly hasAddWatch: boolean;
  private readonly due = new Map<string, Due>();
  private readonly brokers = new Set<number>();
  private readonly topics = new Map<string, KnownTopic>();
  /** By topic id. */
  private readonly names = new Map<string, string>();
  private readonly configs = new Set<string>();
  private readonly deletedIds = new Set<string>();
  private isReading = false;
  private isWholeDue = false;

  constructor(runner: TaskRunner, listener: MetadataListener, hasAddWatch: boolean) {
    this.runner = runner;
    this.listener = listener;
    this.hasAddWatch = hasAddWatch;
  }

  /** A connection is there: reads everything. */
  start(): void {
    this.due.clear();
    this.isReading = false;
    this.isWholeDue = true;
    this.deletedIds.clear();
    for (const kind of [
      'deletedTopicIds',
      'controller',
      'brokers',
      'topics',
      'topicConfigs',
    ] as const) {
      this.want({ kind });
    }
    this.readOn(this.hasAddWatch);
  }

  /** A watch fired. */
  onEvent(type: EventName, path: string): void {
    const place = znodePlaceOf(path);
    if (place === undefined) return;
    if (type === 'NodeDeleted' && place.kind === 'topic') this.forgetTopic(place.topic);
    if (place.kind === 'deletedTopicId') {
      if (type === 'NodeCreated') {
        this.onDeletedId(place.topicId);
        if (!this.isReading) this.readOn(false);
      }
      if (type === 'NodeDeleted') this.deletedIds.delete(place.topicId);
      return;
    }
    this.want(place);
    if (!this.isReading) this.readOn(false);
  }

  private want(place: ZnodePlace, isAbsent = false): void {
    const path = znodePathOf(place);
    const createdZxid =
      place.kind === 'state' ? (this.topics.get(place.topic)?.createdZxid ?? -1) : -1;
    this.due.set(path, { place, path, isAbsent, createdZxid });
  }

  private readOn(isArming: boolean): void {
    if (!this.runner.isReady || (this.due.size === 0 && !isArming)) return;
    this.isReading = true;
    this.runner.run(this.reading(isArming), (end) => {
      this.onReadEnd(end);
    });
  }

  private onReadEnd(end: TaskEnd<undefined>): void {
    this.isReading = false;
    if (end.kind === 'failed') {
      this.listener.trace('metadataUnreadable', { message: end.error.message });
    }
    // What was lost is read again, whole, with the next connection.
  }

  private *reading(isArming: boolean): Task<undefined> {
    if (isArming) yield* this.arm();
    while (this.due.size > 0) {
      const batch = this.takeDue();
      const answers = yield batch.map((due) => this.requestOf(due));
      for (const [index, due] of batch.entries()) this.take(due, answers[index] as Answer);
    }
    if (this.isWholeDue) {
      this.isWholeDue = false;
      this.listener.onWholeRead();
    }
    return undefined;
  }

  private takeDue(): Due[] {
    const batch: Due[] = [];
    for (const [path, due] of this.due) {
      if (batch.length >= readsPerBatch) break;
      this.due.delete(path);
      batch.push(due);
    }
    return batch;
  }

  private *arm(): Task {
    const recursive = [znodes.brokerIds, znodes.topics, znodes.topicConfigs, znodes.admin];
    const watches = [
      ...recursive.map((path) => addWatch(path, true)),
      addWatch(znodes.controller, false),
    ];
    const answers = yield watches;
    const refused = answers.find(({ err }) => err !== 0);
    if (refused !== undefined) this.listener.trace('addWatchRefused', { err: refused.err });
  }

  private requestOf({ place, path, isAbsent }: Due): Request {
    const watch = !this.hasAddWatch;
    if (isAbsent) return { op: 'exists', path, watch };
    return isParent(place) ? getChildren(path, watch) : getData(path, watch);
  }

  private take(due: Due, answer: Answer): void {
    const { place, path } = due;
    if (due.isAbsent) {
      if (answer.err === 0) this.want(place);
      return;
    }
    const { err, response } = answer;
    if (err !== 0 && err !== errorCodes.NoNode) {
      this.listener.trace('znodeUnreadable', { path, err });
      return;
    }
    // A read of an absent znode leaves no watch, but a question whether it exists does.
    if (err === errorCodes.NoNode && !this.hasAddWatch && isAwaited(place)) this.want(place, true);
    if (isParent(place)) {
      if (response?.op === 'getChildren') this.takeChildren(place, response.children);
      return;
    }
    const znode = readOf(answer, path);
    this.takeZnode(due, znode);
  }

  private takeChildren({ kind }: ZnodePlace, children: readonly string[]): void {
    switch (kind) {
      case 'brokers':
        this.takeBrokers(children.map((name) => indexOf(name)).filter((id) => id !== undefined));
        return;
      case 'topics':
        this.takeTopics(new Set(children));
        return;
      case 'topicConfigs':
        this.takeConfigs(new Set(children));
        return;
      case 'deletedTopicIds':
        for (const topicId of children) {
          if (this.isWholeDue || !this.deletedIds.has(topicId)) this.onDeletedId(topicId);
        }
        return;
      default:
    }
  }

  private takeConfigs(topics: ReadonlySet<string>): void {
    for (const topic of [...this.configs]) if (!topics.has(topic)) this.takeConfig(topic, null);
    for (const topic of topics) {
      if (this.isWholeDue || !this.configs.has(topic)) this.want({ kind: 'topicConfig', topic });
    }
  }

  private takeConfig(topic: string, znode: ZnodeRead | null): void {
    if (znode === null) this.configs.delete(topic);
    else this.configs.add(topic);
    this.listener.onTopicConfig(topic, decodeConfig(znode?.data ?? null));
  }

  private takeBrokers(brokers: readonly number[]): void {
    this.listener.onBrokersListed(brokers);
    for (const broker of [...this.brokers]) {
      if (!brokers.includes(broker)) this.forgetBroker(broker);
    }
    for (const broker of brokers) {
      if (this.isWholeDue || !this.brokers.has(broker)) this.want({ kind: 'broker', broker });
    }
  }

  private takeTopics(topics: ReadonlySet<string>): void {
    for (const topic of [...this.topics.keys()]) if (!topics.has(topic)) this.forgetTopic(topic);
    for (const topic of topics) {
      if (this.isWholeDue || !this.topics.has(topic)) this.want({ kind: 'topic', topic });
    }
  }

  private takeZnode(due: Due, znode: ZnodeRead | null): void {
    const { place } = due;
    switch (place.kind) {
      case 'broker':
        this.takeBroker(place.broker, znode);
        return;
      case 'controller':
        this.listener.onController(znode === null ? undefined : decodeController(znode.data));
        return;
      case 'topic':
        this.takeTopic(place.topic, znode);
        return;
      case 'topicConfig':
        this.takeConfig(place.topic, znode);
        return;
      case 'deletedTopicId':
        if (znode !== null) {
          this.listener.onTopicIdDeleted(place.topicId, decodeDeletedTopicId(znode.data));
        }
        return;
      case 'state':
        if (znode !== null) this.takeState(place, znode, due.createdZxid);
        return;
      default:
    }
  }

  private takeBroker(broker: number, znode: ZnodeRead | null): void {
    if (znode === null) {
      this.forgetBroker(broker);
      return;
    }
    const payload = decodeBroker(znode.data);
    if (payload === undefined) {
      this.listener.trace('znodeUnreadable', { path: brokerPath(broker) });
      return;
    }
    this.brokers.add(broker);
    this.listener.onBroker(broker, payload, znode.stat.czxid);
  }

  private takeTopic(topic: string, znode: ZnodeRead | null): void {
    const payload = decodeTopic(znode?.data ?? null);
    if (znode === null || payload === undefined) {
      if (znode !== null) this.listener.trace('znodeUnreadable', { path: topicPath(topic) });
      this.forgetTopic(topic);
      return;
    }
    const createdZxid = znode.stat.czxid;
    const known = this.topics.get(topic);
    const isSame = known?.createdZxid === createdZxid;
    if (!isSame) this.forgetTopic(topic);
    const topicId = payload.topicId ?? (isSame ? known.topicId : undefined);
    if (topicId === undefined || this.deletedIds.has(topicId)) return;
    const { replicas } = payload;
    const told = isSame ? known.told : [];
    this.names.set(topicId, topic);
    this.topics.set(topic, { topicId, createdZxid, partitions: replicas.length, told });
    this.listener.onTopic({ topic, topicId, replicas });
    for (const partition of replicas.keys()) {
      const isDue = this.isWholeDue || told[partition] === undefined;
      if (isDue) this.want({ kind: 'state', topic, partition });
    }
  }

  private takeState(
    { topic, partition }: { readonly topic: string; readonly partition: number },
    { data, stat }: ZnodeRead,
    createdZxid: number,
  ): void {
    const known = this.topics.get(topic);
    // Read for a topic of this name that is no more.
    if (known?.createdZxid !== createdZxid || partition >= known.partitions) return;
    const state = decodeState(data);
    if (state === undefined) {
      this.listener.trace('znodeUnreadable', { path: statePath(topic, partition) });
      return;
    }
    this.tell(known, {
      ...state,
      topic,
      topicId: known.topicId,
      partition,
      partitionEpoch: stat.version,
      stateZxid: stat.mzxid,
    });
  }

  /** A state that this broker wrote itself: it need not wait for its own watch. */
  onOwnState(state: StateSeen): void {
    const known = this.topics.get(state.topic);
    if (known?.topicId === state.topicId) this.tell(known, state);
  }

  private tell(known: KnownTopic, state: StateSeen): void {
    const before = known.told[state.partition];
    const { topic, partition, leader, leaderEpoch, stateZxid } = state;
    if (before !== undefined && stateZxid <= before.stateZxid) return;
    known.told[partition] = { stateZxid, leaderEpoch };
    if (leaderEpoch !== before?.leaderEpoch) {
      this.listener.trace('metadataLearned', { topic, partition, leader, leaderEpoch });
    }
    this.listener.onState(state);
  }

  /** A topic that is known goes at once; of others the name is read. */
  private onDeletedId(topicId: string): void {
    this.deletedIds.add(topicId);
    const topic = this.names.get(topicId);
    if (topic === undefined) {
      this.want({ kind: 'deletedTopicId', topicId });
      return;
    }
    this.drop(topic);
    this.listener.onTopicIdDeleted(topicId, topic);
  }

  private forgetBroker(broker: number): void {
    if (this.brokers.delete(broker)) this.listener.onBroker(broker, null, -1);
  }

  private forgetTopic(topic: string): void {
    const known = this.topics.get(topic);
    if (known === undefined) return;
    this.drop(topic);
    this.listener.onTopicAbsent(topic, known.topicId);
  }

  private drop(topic: string): void {
    const known = this.topics.get(topic);
    if (known !== undefined) this.names.delete(known.topicId);
    this.topics.delete(topic);
  }
}

function addWatch(path: string, isRecursive: boolean): Request {
  const mode = isRecursive ? watchModes.persistentRecursive : watchModes.persistent;
  return { op: 'addWatch', path, mode };
}
