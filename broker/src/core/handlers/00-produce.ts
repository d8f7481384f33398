import { assert } from '@zookafka/base';
import { type RequestOf, errorCodes } from '@zookafka/kafka-wire';
import { type Connections, type PendingRequest } from '../connections.ts';
import { type Deadlines, type Expirable } from '../deadlines.ts';
import { type LeaderAppender, type OutcomeListener } from '../leaderAppend.ts';
import { type LeaderGate } from '../leaderGate.ts';
import { type ReplicaTable } from '../replicaTable.ts';
import { type Handler } from './handler.ts';

interface PartitionAnswer {
  readonly index: number;
  errorCode: number;
  baseOffset: number;
  readonly logAppendTimeMs: number;
  logStartOffset: number;
  errorMessage: string | null;
}

/** What the handler is made of. */
export interface ProduceParts {
  readonly connections: Connections;
  readonly deadlines: Deadlines;
  readonly replicas: ReplicaTable;
  readonly gate: LeaderGate;
  readonly appender: LeaderAppender;
}

/** Produce: each partition's batch is appended or refused; the answer waits for what `acks` asks. */
export class ProduceHandler implements Handler {
  readonly api = 'produce';
  private readonly parts: ProduceParts;

  constructor(parts: ProduceParts) {
    this.parts = parts;
  }

  handle(request: PendingRequest): void {
    const body = request.input.body as RequestOf<'produce'>;
    const { acks } = body;
    if (acks < -1 || acks > 1) {
      this.refuse(request, body, errorCodes.INVALID_REQUIRED_ACKS);
      return;
    }
    if (body.transactionalId !== null) {
      this.refuse(request, body, errorCodes.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
      return;
    }
    const produce = new ProduceOp(request, this.parts);
    const hasFailed = this.appendAll(produce, body, acks);
    if (acks === 0) this.endSilently(request, hasFailed);
    else produce.begin(acks === -1 ? body.timeoutMs : Infinity);
  }

  /** @returns whether anything was refused */
  private appendAll(produce: ProduceOp, body: RequestOf<'produce'>, acks: number): boolean {
    const verdicts = produce.request.input.verdicts ?? [];
    let index = 0;
    let hasFailed = false;
    for (const { name, partitionData } of body.topicData) {
      const answers: PartitionAnswer[] = [];
      for (const { index: partition, records } of partitionData) {
        const verdict = verdicts[index++];
        assert(verdict !== undefined, 'Every partition of a produce request has its verdict');
        const answer = emptyAnswer(partition);
        answers.push(answer);
        const replica = this.parts.replicas.find(name, partition);
        const wait = new ProduceWait(produce, answer);
        const chunk = records ?? noRecords;
        const wanted = { records: chunk, verdict, acks };
        const outcome = this.parts.appender.append(replica, wanted, wait);
        answer.errorCode =
          replica === undefined ? this.parts.gate.absence(name, partition) : outcome.errorCode;
        answer.errorMessage = outcome.message;
        answer.baseOffset = outcome.baseOffset;
        if (outcome.errorCode !== 0) hasFailed = true;
        else answer.logStartOffset = replica?.logStartOffset ?? -1;
        if (outcome.isFinal) wait.isOver = true;
        else produce.waits.push(wait);
      }
      produce.topics.push({ name, partitionResponses: answers });
    }
    return hasFailed;
  }

  private endSilently(request: PendingRequest, hasFailed: boolean): void {
    const { connections } = this.parts;
    connections.drop(request);
    // The only way to tell a client that expects no answer: it will ask who leads now.
    if (hasFailed) connections.close(request.input.connection, 'an append without answer failed');
  }

  private refuse(request: PendingRequest, body: RequestOf<'produce'>, code: number): void {
    const responses = body.topicData.map(({ name, partitionData }) => ({
      name,
      partitionResponses: partitionData.map(({ index }) => ({
        ...emptyAnswer(index),
        errorCode: code,
      })),
    }));
    this.parts.connections.answer(request, { responses, throttleTimeMs: 0 });
  }
}

/** One produce request whose answer waits for its partitions. */
class ProduceOp implements Expirable {
  readonly request: PendingRequest;
  readonly topics: { readonly name: string; readonly partitionResponses: PartitionAnswer[] }[] = [];
  readonly waits: ProduceWait[] = [];
  private countOpen = 0;
  private readonly parts: ProduceParts;

  constructor(request: PendingRequest, parts: ProduceParts) {
    this.request = request;
    this.parts = parts;
  }

  begin(timeoutMs: number): void {
    for (const wait of this.waits) if (!wait.isOver) this.countOpen++;
    if (this.countOpen === 0) {
      this.answer();
      return;
    }
    this.request.parked = this;
    if (timeoutMs < Infinity) this.parts.deadlines.set(this, Math.max(0, timeoutMs));
  }

  onPartitionDone(): void {
    if (--this.countOpen === 0) this.answer();
  }

  onDeadline(): void {
    for (const wait of this.waits) wait.expire();
    this.answer();
  }

  abandon(): void {
    for (const wait of this.waits) wait.isOver = true;
    this.parts.deadlines.cancel(this);
  }

  private answer(): void {
    this.parts.deadlines.cancel(this);
    this.parts.connections.answer(this.request, { responses: this.topics, throttleTimeMs: 0 });
  }
}

/** One partition of a produce request. */
class ProduceWait implements OutcomeListener {
  offset = -1;
  isOver = false;
  private readonly produce: ProduceOp;
  private readonly answer: PartitionAnswer;

  constructor(produce: ProduceOp, answer: PartitionAnswer) {
    this.produce = produce;
    this.answer = answer;
  }

  onAppended(): void {
    this.onCommitted(0);
  }

  onCommitted(code: number): void {
    if (this.isOver) return;
    this.isOver = true;
    if (code !== 0) fail(this.answer, code);
    this.produce.onPartitionDone();
  }

  /** It is in the log, but was not committed in time. */
  expire(): void {
    if (this.isOver) return;
    this.isOver = true;
    fail(this.answer, errorCodes.REQUEST_TIMED_OUT);
  }
}

function fail(answer: PartitionAnswer, code: number): void {
  answer.errorCode = code;
  answer.baseOffset = -1;
  answer.logStartOffset = -1;
}

function emptyAnswer(index: number): PartitionAnswer {
  return {
    index,
    errorCode: 0,
    baseOffset: -1,
    logAppendTimeMs: -1,
    logStartOffset: -1,
    errorMessage: null,
  };
}

const noRecords = new Uint8Array(0);
