import {
  type ControlPlaneEffect,
  type ControlPlaneInput,
  type IsrResult,
  type TopicCreated,
  type TopicDeleted,
  type TopicWanted,
} from '../../controlPlane.ts';
import { type PartitionMetadata } from '../../metadata.ts';
import { randomId } from '../topicRules.ts';
import { alterIsr, type IsrOutcome, type StateRead } from './alterIsr.ts';
import { type CallEnd, type CallQueue } from './callQueue.ts';
import { type MetadataDeltas } from './metadataDeltas.ts';
import { type StateSeen } from './metadataSeen.ts';
import { takeProducerIds } from './producerIds.ts';
import { type StatePayload } from './statePayload.ts';
import { type Task } from './task.ts';
import {
  createTopic,
  requestDeletion,
  topicErrors,
  type TopicMade,
  type TopicRefusal,
} from './topicTasks.ts';
import { type ZookeeperControlPlaneOptions } from './zookeeperOptions.ts';

type InputOf<Kind extends ControlPlaneInput['kind']> = Extract<
  ControlPlaneInput,
  { readonly kind: Kind }
>;

/** What the calls of a broker are connected to. */
export interface BrokerCallsPorts {
  readonly calls: CallQueue;
  readonly deltas: MetadataDeltas;
  /** -1 while the broker is not registered. */
  readonly brokerEpoch: () => number;
  readonly push: (effect: ControlPlaneEffect) => void;
  /** A state that this broker read or wrote itself. */
  readonly onState: (state: StateSeen) => void;
}

/** What the rest of a broker asks of the cluster, as conversations with the ensemble. */
export class BrokerCalls {
  private readonly options: ZookeeperControlPlaneOptions;
  private readonly ports: BrokerCallsPorts;

  constructor(options: ZookeeperControlPlaneOptions, ports: BrokerCallsPorts) {
    this.options = options;
    this.ports = ports;
  }

  onAlterIsr(wanted: InputOf<'alterIsr'>): void {
    const isTaken = this.ports.calls.call(
      (isRetry) => this.alteringIsr(wanted, isRetry),
      (end) => {
        this.onIsrEnd(wanted, end);
      },
      true,
    );
    if (!isTaken) this.answerIsr(wanted, 'unknown');
  }

  onCreateTopics({ token, topics, validateOnly }: InputOf<'createTopics'>): void {
    const ids = topics.map(() => randomId(this.options.prng));
    const answer = (results: readonly TopicCreated[]): void => {
      this.ports.push({ kind: 'topicsCreated', token, results });
    };
    const isTaken = this.ports.calls.call(
      () => this.creatingTopics(topics, ids, validateOnly),
      (end) => {
        if (end.kind === 'done') answer(end.value);
        else answer(topics.map(({ name }) => notCreated(name, refusalOf(end))));
      },
    );
    if (!isTaken) answer(topics.map(({ name }) => notCreated(name, tooManyCalls)));
  }

  onDeleteTopics({ token, names }: InputOf<'deleteTopics'>): void {
    const answer = (results: readonly TopicDeleted[]): void => {
      this.ports.push({ kind: 'topicsDeleted', token, results });
    };
    const isTaken = this.ports.calls.call(
      () => this.deletingTopics(names),
      (end) => {
        if (end.kind === 'done') answer(end.value);
        else answer(names.map((name) => deletedOf(name, refusalOf(end))));
      },
    );
    if (!isTaken) answer(names.map((name) => deletedOf(name, tooManyCalls)));
  }

  onAllocateProducerIds({ token }: InputOf<'allocateProducerIds'>): void {
    const { push, calls } = this.ports;
    const isTaken = calls.call(
      () => takeProducerIds(this.options.broker),
      (end) => {
        const { first, last } = end.kind === 'done' ? end.value : { first: 0, last: -1 };
        push({ kind: 'producerIds', token, first, count: last - first + 1 });
      },
    );
    if (!isTaken) push({ kind: 'producerIds', token, first: 0, count: 0 });
  }

  private *alteringIsr(
    wanted: InputOf<'alterIsr'>,
    isRetry: boolean,
  ): Task<IsrOutcome | { readonly kind: 'fenced' }> {
    const { topic, topicId, partition, leaderEpoch, partitionEpoch, isr } = wanted;
    const known = this.ports.deltas.image.partition(topic, partition);
    // A state that is older than the registration was given to an earlier life of this broker.
    const isLeading =
      known?.topicId === topicId &&
      known.leader === this.options.broker &&
      known.leaderEpoch === leaderEpoch &&
      known.stateZxid > this.ports.brokerEpoch();
    if (!isLeading) return { kind: 'fenced' };
    const { leader, controllerEpoch } = known;
    const state: StatePayload = { leader, leaderEpoch, controllerEpoch, isr, isRecovering: false };
    const added = isr.filter((broker) => broker !== leader && !known.isr.includes(broker));
    return yield* alterIsr({ topic, partition, state, partitionEpoch, added }, isRetry);
  }

  private onIsrEnd(
    wanted: InputOf<'alterIsr'>,
    end: CallEnd<IsrOutcome | { readonly kind: 'fenced' }>,
  ): void {
    if (end.kind !== 'done') {
      this.answerIsr(wanted, 'unknown');
      return;
    }
    const outcome = end.value;
    switch (outcome.kind) {
      case 'ok':
        this.answerIsr(wanted, 'ok', this.adopt(wanted, outcome.now));
        return;
      case 'badVersion': {
        const state = this.adopt(wanted, outcome.now);
        const isLeading =
          state.leader === this.options.broker && state.leaderEpoch === wanted.leaderEpoch;
        this.answerIsr(wanted, isLeading ? 'badVersion' : 'fenced', state);
        return;
      }
      case 'ineligible':
        this.answerIsr(wanted, 'badVersion');
        return;
      case 'gone':
      case 'fenced':
        this.answerIsr(wanted, 'fenced');
    }
  }

  private adopt(
    { topic, topicId, partition }: InputOf<'alterIsr'>,
    { state, partitionEpoch, stateZxid }: StateRead,
  ): PartitionMetadata {
    const seen = { ...state, topic, topicId, partition, partitionEpoch, stateZxid };
    this.ports.onState(seen);
    return this.ports.deltas.metadataOf(seen);
  }

  private answerIsr(
    { topic, topicId, partition, leaderEpoch }: InputOf<'alterIsr'>,
    result: IsrResult,
    state?: PartitionMetadata,
  ): void {
    const answer = {
      kind: 'isrAltered',
      topic,
      topicId,
      partition,
      leaderEpoch,
      result,
    } as const;
    this.ports.push(state === undefined ? answer : { ...answer, state });
  }

  private *creatingTopics(
    topics: readonly TopicWanted[],
    ids: readonly string[],
    isOnlyValidated: boolean,
  ): Task<TopicCreated[]> {
    const { partitionsDefault, replicationFactorDefault, prng } = this.options;
    const results: TopicCreated[] = [];
    for (const [index, wanted] of topics.entries()) {
      const topicId = ids[index] as string;
      const made = yield* createTopic(wanted, {
        topicId,
        isOnlyValidated,
        partitionsDefault,
        replicationFactorDefault,
        prng,
      });
      if (made.kind === 'created') results.push(this.created(wanted.name, made, isOnlyValidated));
      else results.push(notCreated(wanted.name, made));
    }
    return results;
  }

  private created(name: string, { topicId, replicas }: TopicMade, isOnly: boolean): TopicCreated {
    const partitions = replicas.length;
    if (!isOnly) {
      const facts = { topic: name, topicId, partitions };
      this.ports.push({ kind: 'trace', event: 'topicCreated', facts });
    }
    const replicationFactor = replicas[0]?.length ?? -1;
    const errorMessage = null;
    return { name, topicId, errorCode: 0, errorMessage, partitions, replicationFactor };
  }

  private *deletingTopics(names: readonly string[]): Task<TopicDeleted[]> {
    const results: TopicDeleted[] = [];
    for (const name of names) {
      const refusal = yield* requestDeletion(name, this.options.isTopicDeletionAllowed);
      results.push(deletedOf(name, refusal));
    }
    return results;
  }
}

const tooManyCalls: TopicRefusal = {
  kind: 'refused',
  errorCode: topicErrors.REQUEST_TIMED_OUT,
  message: 'Too many requests wait for the ensemble',
};

function refusalOf(end: Exclude<CallEnd<unknown>, { readonly kind: 'done' }>): TopicRefusal {
  const message = end.kind === 'failed' ? end.error.message : 'The answer was lost';
  return { kind: 'refused', errorCode: topicErrors.UNKNOWN_SERVER_ERROR, message };
}

function notCreated(name: string, { errorCode, message }: TopicRefusal): TopicCreated {
  return {
    name,
    topicId: '',
    errorCode,
    errorMessage: message,
    partitions: -1,
    replicationFactor: -1,
  };
}

function deletedOf(name: string, refusal: TopicRefusal | null): TopicDeleted {
  return { name, errorCode: refusal?.errorCode ?? 0, errorMessage: refusal?.message ?? null };
}
