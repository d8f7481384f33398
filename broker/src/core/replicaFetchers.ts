import { apis, errorCodes, type ResponseOf } from '@zookafka/kafka-wire';
import { type BrokerContext } from './context.ts';
import { type Deadlines, type Expirable } from './deadlines.ts';
import { type FollowerAppender } from './followerAppend.ts';
import { type LogWork } from './logWork.ts';
import { type Replica } from './replica.ts';
import {
  type Asked,
  followerFetch,
  followerFetchVersion,
  followerList,
  followerListVersion,
  ReplicaFetcher,
  type SentRequest,
} from './replicaFetcher.ts';
import { type BrokerInput } from './types.ts';

type PeerResponse = Extract<BrokerInput, { readonly kind: 'peerResponse' }>;
type FetchedPartition = ResponseOf<'fetch'>['responses'][number]['partitions'][number];
type ListedPartition = ResponseOf<'listOffsets'>['topics'][number]['partitions'][number];

/** What the fetchers need. */
export interface FetcherParts {
  readonly context: BrokerContext;
  readonly deadlines: Deadlines;
  readonly logWork: LogWork;
  readonly appender: FollowerAppender;
}

/** All that this broker follows: a fetcher for each leader. */
export class ReplicaFetchers implements Expirable {
  private readonly parts: FetcherParts;
  private readonly byLeader = new Map<number, ReplicaFetcher>();
  private due: ReplicaFetcher[] = [];
  private correlationLast = 0;

  constructor(parts: FetcherParts) {
    this.parts = parts;
  }

  follow(replica: Replica, leader: number): void {
    let fetcher = this.byLeader.get(leader);
    if (fetcher === undefined) {
      fetcher = new ReplicaFetcher(this.parts.context, leader);
      this.byLeader.set(leader, fetcher);
    }
    fetcher.add(replica);
    this.wake(fetcher);
  }

  unfollow(replica: Replica, leader: number): void {
    const fetcher = this.byLeader.get(leader);
    if (fetcher === undefined) return;
    fetcher.remove(replica);
    this.wake(fetcher);
  }

  /** The log of a follower is what it was to become. */
  onLogOpen({ following }: Replica): void {
    const fetcher = following === undefined ? undefined : this.byLeader.get(following.leader);
    if (fetcher === undefined) return;
    fetcher.hasNew = true;
    this.wake(fetcher);
  }

  /** A broker came, or came back: it may be asked at once. */
  onBrokerChanged(broker: number): void {
    const fetcher = this.byLeader.get(broker);
    if (fetcher === undefined) return;
    fetcher.retryAtMs = -Infinity;
    this.wake(fetcher);
  }

  onResponse(input: PeerResponse): void {
    const fetcher = this.byLeader.get(input.broker);
    const sent = fetcher?.sent.find(({ correlationId }) => correlationId === input.correlationId);
    if (fetcher === undefined || sent === undefined) return;
    fetcher.sent = fetcher.sent.filter((other) => other !== sent);
    if (sent.kind === 'fetch') this.onFetched(fetcher, sent, input);
    else this.onListed(fetcher, sent, input.body as ResponseOf<'listOffsets'>);
    this.wake(fetcher);
  }

  onPeerClosed(broker: number, reason: string): void {
    const fetcher = this.byLeader.get(broker);
    if (fetcher === undefined) return;
    const { context } = this.parts;
    if (fetcher.sent.length > 0) context.trace('leaderUnreachable', { leader: broker, reason });
    fetcher.sent = [];
    fetcher.retryAtMs = context.nowMs + context.config.replicaFetchBackoffMs;
    this.wake(fetcher);
  }

  onDeadline(): void {
    for (const fetcher of this.byLeader.values()) {
      const isLate = fetcher.sent.some(({ dueMs }) => dueMs <= this.parts.context.nowMs);
      if (isLate) {
        this.parts.context.emit({ kind: 'closePeer', broker: fetcher.leader });
        this.onPeerClosed(fetcher.leader, 'no answer in time');
      }
      this.wake(fetcher);
    }
  }

  /** At the end of a step: asks what there is to ask. */
  pump(): void {
    const { due } = this;
    this.due = [];
    for (const fetcher of due) {
      fetcher.isDue = false;
      if (fetcher.replicas.length === 0) this.end(fetcher);
      else if (fetcher.mayAsk) this.ask(fetcher);
      this.arm(fetcher);
    }
  }

  private wake(fetcher: ReplicaFetcher): void {
    if (fetcher.isDue) return;
    fetcher.isDue = true;
    this.due.push(fetcher);
  }

  private end(fetcher: ReplicaFetcher): void {
    if (this.byLeader.get(fetcher.leader) !== fetcher) return;
    this.byLeader.delete(fetcher.leader);
    if (fetcher.sent.length > 0) {
      this.parts.context.emit({ kind: 'closePeer', broker: fetcher.leader });
    }
  }

  private ask(fetcher: ReplicaFetcher): void {
    const { context } = this.parts;
    const ends = fetcher.pick('askEnd');
    if (ends.length > 0) {
      this.send(fetcher, { kind: 'askEnd', asked: ends, body: followerList(context, ends, -1) });
    }
    const starts = fetcher.pick('askStart');
    if (starts.length > 0) {
      const body = followerList(context, starts, -2);
      this.send(fetcher, { kind: 'askStart', asked: starts, body });
    }
    if (ends.length + starts.length > 0) return;
    const asked = fetcher.pick('no');
    fetcher.hasNew = false;
    if (asked.length === 0) return;
    this.send(fetcher, { kind: 'fetch', asked, body: followerFetch(context, asked) });
  }

  private send(
    fetcher: ReplicaFetcher,
    { kind, asked, body }: Pick<SentRequest, 'kind' | 'asked'> & { readonly body: object },
  ): void {
    const { context } = this.parts;
    const endpoint = context.image.brokers.get(fetcher.leader);
    if (endpoint === undefined) {
      fetcher.retryAtMs = context.nowMs + context.config.replicaFetchBackoffMs;
      return;
    }
    const correlationId = ++this.correlationLast;
    const dueMs = context.nowMs + context.config.replicaSocketTimeoutMs;
    fetcher.sent.push({ correlationId, kind, asked, dueMs });
    context.emit({
      kind: 'sendPeer',
      broker: fetcher.leader,
      host: endpoint.host,
      port: endpoint.port,
      correlationId,
      apiKey: kind === 'fetch' ? apis.fetch.key : apis.listOffsets.key,
      apiVersion: kind === 'fetch' ? followerFetchVersion : followerListVersion,
      body,
    });
  }

  private arm(fetcher: ReplicaFetcher): void {
    const { deadlines, context } = this.parts;
    const retryMs = fetcher.nextRetryMs ?? Infinity;
    const dueMs = Math.min(retryMs, fetcher.sent[0]?.dueMs ?? Infinity);
    if (dueMs < (deadlines.dueMsOf(this) ?? Infinity)) deadlines.set(this, dueMs - context.nowMs);
  }

  private onFetched(fetcher: ReplicaFetcher, sent: SentRequest, input: PeerResponse): void {
    const body = input.body as ResponseOf<'fetch'>;
    if (body.errorCode !== 0) {
      const { context } = this.parts;
      fetcher.retryAtMs = context.nowMs + context.config.replicaFetchBackoffMs;
      return;
    }
    let hint = 0;
    body.responses.forEach(({ topicId, partitions }, topicIndex) => {
      partitions.forEach((part, partIndex) => {
        const index = findAsked(sent.asked, { topicId, partition: part.partitionIndex, hint });
        if (index === -1) return;
        hint = index + 1;
        const asked = sent.asked[index] as Asked;
        if (!isCurrent(asked)) return;
        const isCorrupt = input.corrupt.some(
          (where) => where.topic === topicIndex && where.partition === partIndex,
        );
        if (isCorrupt) this.backOff(asked, 'the records are corrupt');
        else this.onPartFetched(fetcher, asked, part);
      });
    });
  }

  private onPartFetched(fetcher: ReplicaFetcher, asked: Asked, part: FetchedPartition): void {
    const { replica, following } = asked;
    if (part.errorCode === errorCodes.OFFSET_OUT_OF_RANGE) {
      following.outOfRange = 'askEnd';
      return;
    }
    if (part.errorCode !== 0) {
      this.backOff(asked, `error ${part.errorCode}`);
      return;
    }
    if (part.divergingEpoch.epoch >= 0 || part.divergingEpoch.endOffset >= 0) {
      this.truncate(replica, part.divergingEpoch);
      return;
    }
    const found = this.parts.appender.append(replica, part, () => {
      fetcher.appendsUnderWay--;
      this.wake(fetcher);
    });
    if (found.isAppending) fetcher.appendsUnderWay++;
    if (found.fault !== undefined) this.backOff(asked, found.fault);
  }

  private truncate(
    replica: Replica,
    diverging: { readonly epoch: number; readonly endOffset: number },
  ): void {
    const { rules } = this.parts.context;
    const offset = rules.truncationOffset({
      diverging,
      ownEpochEnd: replica.epochs.endOffsetFor(diverging.epoch, replica.offsetNext),
      logEnd: replica.offsetNext,
      highWatermark: replica.highWatermark,
    });
    this.parts.logWork.truncate(replica, offset, `epoch ${diverging.epoch} of the leader`);
  }

  private onListed(
    fetcher: ReplicaFetcher,
    sent: SentRequest,
    { topics }: ResponseOf<'listOffsets'>,
  ): void {
    for (const { name, partitions } of topics) {
      for (const part of partitions) {
        const asked = sent.asked.find(
          ({ replica }) => replica.topic === name && replica.partition === part.partitionIndex,
        );
        if (asked === undefined || !isCurrent(asked)) continue;
        if (part.errorCode !== 0) this.backOff(asked, `error ${part.errorCode}`);
        else this.onPartListed(asked, sent.kind, part);
      }
    }
    fetcher.hasNew = true;
  }

  /** Source: Apache Kafka, `AbstractFetcherThread.fetchOffsetAndTruncate`. */
  private onPartListed(asked: Asked, kind: SentRequest['kind'], part: ListedPartition): void {
    const { replica, following } = asked;
    if (kind === 'askEnd' && part.offset >= replica.offsetNext) {
      following.outOfRange = 'askStart';
      return;
    }
    following.outOfRange = 'no';
    if (kind === 'askEnd') {
      this.parts.logWork.truncate(replica, part.offset, 'the end of the leader');
    } else if (part.offset > replica.offsetNext) {
      this.parts.logWork.restart(replica, part.offset);
    }
  }

  private backOff({ replica, following }: Asked, reason: string): void {
    const { context } = this.parts;
    following.retryAtMs = context.nowMs + context.config.replicaFetchBackoffMs;
    const { topic, partition } = replica;
    const { leader, epoch } = following;
    context.trace('fetchRefused', { topic, partition, leader, leaderEpoch: epoch, reason });
  }
}

/** Whether the answer still says something of this replica. */
function isCurrent({ replica, following, offset, generation }: Asked): boolean {
  return (
    replica.following === following &&
    replica.logGeneration === generation &&
    replica.offsetNext === offset &&
    replica.log === 'open'
  );
}

/** @returns the index of a partition that was asked for: usually the one after the last found */
function findAsked(
  asked: readonly Asked[],
  { topicId, partition, hint }: { topicId: string; partition: number; hint: number },
): number {
  for (let step = 0; step < asked.length; step++) {
    const index = (hint + step) % asked.length;
    const { replica } = asked[index] as Asked;
    if (replica.topicId === topicId && replica.partition === partition) return index;
  }
  return -1;
}
