import { type ResponseBody } from '@zookafka/kafka-wire';
import { type FetchOp } from './fetchOp.ts';
import { type FetchPart } from './fetchPart.ts';

type FetchResponse = ResponseBody<'fetch'>;
type TopicAnswer = NonNullable<FetchResponse['responses']>[number];
type PartitionAnswer = NonNullable<TopicAnswer['partitions']>[number];

interface OpenTopic {
  readonly topic: string;
  readonly topicId: string;
  readonly partitions: PartitionAnswer[];
}

/** An answer that refuses the whole fetch. */
export function fetchRefused(errorCode: number): FetchResponse {
  return { throttleTimeMs: 0, errorCode, sessionId: 0, responses: [] };
}

/** The answer to a fetch: records are lists of chunks, as they were read. */
export function fetchAnswer({ options }: FetchOp): FetchResponse {
  const { session, isIncremental, parts } = options;
  const told: FetchPart[] = [];
  const responses: OpenTopic[] = [];
  let open: OpenTopic | undefined;
  for (const part of parts) {
    if (isIncremental && !part.hasNews) continue;
    const { topic, topicId } = part.wanted;
    if (open?.topic !== topic || open.topicId !== topicId) {
      open = { topic, topicId, partitions: [] };
      responses.push(open);
    }
    open.partitions.push(partitionAnswer(part));
    if (session !== undefined) told.push(part);
  }
  for (const part of told) part.markTold();
  session?.rotate(told);
  return { throttleTimeMs: 0, errorCode: 0, sessionId: session?.id ?? 0, responses };
}

function partitionAnswer(part: FetchPart): PartitionAnswer {
  const answer = {
    partitionIndex: part.wanted.partition,
    errorCode: part.errorCode,
    highWatermark: part.highWatermark,
    lastStableOffset: part.highWatermark,
    logStartOffset: part.logStartOffset,
    abortedTransactions: null,
    preferredReadReplica: -1,
    records: part.chunks,
  };
  return part.diverging === undefined ? answer : { ...answer, divergingEpoch: part.diverging };
}
