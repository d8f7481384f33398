import { type BrokerContext } from './context.ts';
import { type RequestInput } from './types.ts';

/** What a parked request holds, to be let go when its connection closes. */
export interface Parked {
  abandon(): void;
}

/** A request that is being served. */
export class PendingRequest {
  readonly input: RequestInput;
  /** In which the answer is encoded: that of the request, unless nobody knows that one. */
  answerVersion: number;
  /** The answer, when there is one. */
  body: object | undefined;
  /** Gives the answer when it leaves, where it must not be older than that. */
  bodyAtLeaving: (() => object) | undefined;
  /** Whether it is done with, answered or not. */
  isDone = false;
  /** Set by whoever makes it wait. */
  parked: Parked | undefined;

  constructor(input: RequestInput) {
    this.input = input;
    this.answerVersion = input.apiVersion;
  }
}

interface Connection {
  /** Requests in the order in which they came; answers leave in that order. */
  readonly requests: PendingRequest[];
  isClosing: boolean;
}

/**
 * The order of answers: requests of one connection are served as they come, answered in their order.
 *
 * Bound: `requestsInFlightMax` requests a connection; a shell that sends more has its connection closed.
 */
export class Connections {
  private readonly context: BrokerContext;
  private readonly connections = new Map<number, Connection>();

  constructor(context: BrokerContext) {
    this.context = context;
  }

  get count(): number {
    return this.connections.size;
  }

  /** @returns the request to serve, or undefined: its connection is being closed */
  open(input: RequestInput): PendingRequest | undefined {
    let connection = this.connections.get(input.connection);
    if (connection === undefined) {
      connection = { requests: [], isClosing: false };
      this.connections.set(input.connection, connection);
    }
    if (connection.isClosing) return undefined;
    if (connection.requests.length >= this.context.config.requestsInFlightMax) {
      this.close(input.connection, 'too many requests are under way');
      return undefined;
    }
    const request = new PendingRequest(input);
    connection.requests.push(request);
    return request;
  }

  answer(request: PendingRequest, body: object): void {
    if (request.isDone) return;
    request.body = body;
    this.finish(request);
  }

  /**
   * Answers with what is so when the answer leaves, which may be long after this when requests before it still wait.
   *
   * Kafka serves a connection's requests one at a time. What an answer tells of the cluster must be no older here: of
   * two that leave together with different leaders, librdkafka may follow the older one for ever.
   */
  answerAsOfLeaving(request: PendingRequest, body: () => object): void {
    if (request.isDone) return;
    request.bodyAtLeaving = body;
    this.finish(request);
  }

  /** A request that gets no answer. */
  drop(request: PendingRequest): void {
    if (!request.isDone) this.finish(request);
  }

  /** The broker ends a connection. */
  close(id: number, reason: string): void {
    const connection = this.connections.get(id);
    if (connection === undefined || connection.isClosing) return;
    connection.isClosing = true;
    this.context.emit({ kind: 'closeConnection', connection: id, reason });
    abandonAll(connection);
  }

  /** The connection is gone: nobody waits for what it asked. */
  onClosed(id: number): void {
    const connection = this.connections.get(id);
    if (connection === undefined) return;
    this.connections.delete(id);
    abandonAll(connection);
  }

  private finish(request: PendingRequest): void {
    request.isDone = true;
    request.parked = undefined;
    const connection = this.connections.get(request.input.connection);
    if (connection === undefined || connection.isClosing) return;
    const { requests } = connection;
    let count = 0;
    while (requests[count]?.isDone === true) this.emit(requests[count++] as PendingRequest);
    if (count > 0) requests.splice(0, count);
  }

  private emit({ input, body, bodyAtLeaving, answerVersion: apiVersion }: PendingRequest): void {
    const { connection, correlationId, apiKey } = input;
    const answer = body ?? bodyAtLeaving?.();
    if (answer === undefined) this.context.emit({ kind: 'noResponse', connection, correlationId });
    else {
      this.context.emit({
        kind: 'respond',
        connection,
        correlationId,
        apiKey,
        apiVersion,
        body: answer,
      });
    }
  }
}

function abandonAll({ requests }: Connection): void {
  for (const request of requests) {
    request.isDone = true;
    request.parked?.abandon();
    request.parked = undefined;
  }
  requests.length = 0;
}
