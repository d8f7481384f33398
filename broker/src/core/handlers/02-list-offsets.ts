import { errorCodes, type RequestOf } from '@zookafka/kafka-wire';
import { type Connections, type PendingRequest } from '../connections.ts';
import { type LeaderGate } from '../leaderGate.ts';
import { type LogReads, type SearchListener } from '../logReads.ts';
import { type Replica } from '../replica.ts';
import { type PartitionKey, type TimestampFound } from '../types.ts';
import { type Handler } from './handler.ts';

type Asked = RequestOf<'listOffsets'>['topics'][number]['partitions'][number];

/** Timestamps that stand for something. Source: Apache Kafka, `ListOffsetsRequest`. */
const latest = -1;
const earliest = -2;
const greatest = -3;
const earliestLocal = -4;
const latestTiered = -5;
/** The first version that knows OFFSET_NOT_AVAILABLE. */
const notAvailableFrom = 5;

interface Answer {
  readonly partitionIndex: number;
  errorCode: number;
  oldStyleOffsets: number[];
  timestamp: number;
  offset: number;
  leaderEpoch: number;
}

interface Search extends PartitionKey {
  readonly timestamp: number;
  readonly replica: Replica;
  readonly answer: Answer;
}

/** ListOffsets: where a log starts, ends, or holds a time. */
export class ListOffsetsHandler implements Handler {
  readonly api = 'listOffsets';
  private readonly connections: Connections;
  private readonly gate: LeaderGate;
  private readonly reads: LogReads;

  constructor(connections: Connections, gate: LeaderGate, reads: LogReads) {
    this.connections = connections;
    this.gate = gate;
    this.reads = reads;
  }

  handle(request: PendingRequest): void {
    const body = request.input.body as RequestOf<'listOffsets'>;
    const searches: Search[] = [];
    const topics = body.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map((asked) => {
        const answer = emptyAnswer(asked.partitionIndex);
        this.look(request, { topic: name, asked, answer, searches });
        return answer;
      }),
    }));
    const end = (): void => {
      this.connections.answer(request, { throttleTimeMs: 0, topics });
    };
    if (searches.length === 0) end();
    else this.search(searches, end);
  }

  private look(
    request: PendingRequest,
    part: { topic: string; asked: Asked; answer: Answer; searches: Search[] },
  ): void {
    const { topic, asked, answer, searches } = part;
    const { partitionIndex: partition, currentLeaderEpoch, timestamp } = asked;
    const found = this.gate.find({ topic, partition, currentLeaderEpoch });
    if (found.kind === 'refused') {
      answer.errorCode = found.errorCode;
      return;
    }
    const { replica, leadership } = found;
    switch (timestamp) {
      case latest:
        if (isReplica(request)) tell(answer, replica, replica.logEndOffset);
        else if (replica.highWatermark < leadership.epochStart) {
          // What was told by the leader before must not be taken back.
          answer.errorCode = notAvailable(request);
        } else tell(answer, replica, replica.highWatermark);
        return;
      case earliest:
      case earliestLocal:
        tell(answer, replica, replica.logStartOffset);
        return;
      case latestTiered:
        return;
      default:
        if (timestamp < greatest) answer.errorCode = errorCodes.INVALID_REQUEST;
        else searches.push({ ...replica.key, timestamp, replica, answer });
    }
  }

  private search(searches: readonly Search[], end: () => void): void {
    const listener: SearchListener = {
      onFound: (found: readonly TimestampFound[]) => {
        searches.forEach(({ replica, answer }, index) => {
          const { offset, timestamp } = found[index] as TimestampFound;
          if (offset < 0 || offset >= replica.highWatermark) return;
          answer.timestamp = timestamp;
          tell(answer, replica, offset);
        });
        end();
      },
    };
    const wanted = searches.map(({ topic, topicId, partition, timestamp }) => ({
      topic,
      topicId,
      partition,
      timestamp,
    }));
    this.reads.search(wanted, listener);
  }
}

function isReplica({ input }: PendingRequest): boolean {
  return (input.body as RequestOf<'listOffsets'>).replicaId >= 0;
}

function notAvailable({ input }: PendingRequest): number {
  return input.apiVersion >= notAvailableFrom
    ? errorCodes.OFFSET_NOT_AVAILABLE
    : errorCodes.LEADER_NOT_AVAILABLE;
}

function tell(answer: Answer, replica: Replica, offset: number): void {
  answer.offset = offset;
  answer.oldStyleOffsets = [offset];
  answer.leaderEpoch = replica.epochs.epochOf(offset);
}

function emptyAnswer(partitionIndex: number): Answer {
  return {
    partitionIndex,
    errorCode: 0,
    oldStyleOffsets: [],
    timestamp: -1,
    offset: -1,
    leaderEpoch: -1,
  };
}
