import { errorCodes, type RequestOf } from '@zookafka/kafka-wire';
import { type Connections, type PendingRequest } from '../connections.ts';
import { type LeaderGate } from '../leaderGate.ts';
import { type Handler } from './handler.ts';

/** OffsetForLeaderEpoch: where an epoch ended, for whoever has to cut its log or doubts its position. */
export class OffsetForLeaderEpochHandler implements Handler {
  readonly api = 'offsetForLeaderEpoch';
  private readonly connections: Connections;
  private readonly gate: LeaderGate;

  constructor(connections: Connections, gate: LeaderGate) {
    this.connections = connections;
    this.gate = gate;
  }

  handle(request: PendingRequest): void {
    const body = request.input.body as RequestOf<'offsetForLeaderEpoch'>;
    const topics = body.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition, currentLeaderEpoch, leaderEpoch }) => {
        const found = this.gate.find({ topic, partition, currentLeaderEpoch });
        if (found.kind === 'refused') {
          return { errorCode: found.errorCode, partition, leaderEpoch: -1, endOffset: -1 };
        }
        const { replica } = found;
        const { epoch, endOffset } = replica.epochs.endOffsetFor(leaderEpoch, replica.logEndOffset);
        return { errorCode: errorCodes.NONE, partition, leaderEpoch: epoch, endOffset };
      }),
    }));
    this.connections.answer(request, { throttleTimeMs: 0, topics });
  }
}
