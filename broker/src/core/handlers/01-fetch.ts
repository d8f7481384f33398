import { type RequestOf, errorCodes } from '@zookafka/kafka-wire';
import { type Connections, type PendingRequest } from '../connections.ts';
import { type BrokerContext } from '../context.ts';
import { fetchRefused } from '../fetchAnswer.ts';
import { type FetchDesk } from '../fetchDesk.ts';
import { type Reader } from '../fetchLook.ts';
import { type FetchOptions } from '../fetchOp.ts';
import { FetchPart, type FetchWanted } from '../fetchPart.ts';
import { type FetchSession, type FetchSessions, partKey } from '../fetchSessions.ts';
import { type Handler } from './handler.ts';

type Body = RequestOf<'fetch'>;
type Topic = Body['topics'][number];

/** The first version that names topics by id. */
const topicIdsFrom = 13;
/** The first version that says who reads in a field of its own. */
const replicaStateFrom = 15;

/** Fetch: of consumers and of followers, with or without a session. */
export class FetchHandler implements Handler {
  readonly api = 'fetch';
  private readonly context: BrokerContext;
  private readonly connections: Connections;
  private readonly sessions: FetchSessions;
  private readonly desk: FetchDesk;

  constructor(parts: {
    readonly context: BrokerContext;
    readonly connections: Connections;
    readonly sessions: FetchSessions;
    readonly desk: FetchDesk;
  }) {
    this.context = parts.context;
    this.connections = parts.connections;
    this.sessions = parts.sessions;
    this.desk = parts.desk;
  }

  handle(request: PendingRequest): void {
    const body = request.input.body as Body;
    const { sessionId, sessionEpoch } = body;
    if (sessionId !== 0 && sessionEpoch > 0) {
      this.continueSession(request, body);
      return;
    }
    if (sessionId !== 0) this.sessions.close(sessionId);
    const { apiVersion } = request.input;
    const reader = readerOf(body, apiVersion);
    const parts = this.partsOf(body.topics, apiVersion);
    const isSessionWanted = sessionEpoch === 0 && parts.length > 0;
    const session = isSessionWanted ? this.makeSession(parts, { reader, apiVersion }) : undefined;
    this.run(request, { reader, session, parts, isIncremental: false });
  }

  private continueSession(request: PendingRequest, body: Body): void {
    const { nowMs } = this.context;
    const found = this.sessions.use(body.sessionId, body.sessionEpoch, nowMs);
    const { apiVersion } = request.input;
    if (found.kind === 'refused') {
      this.connections.answer(request, fetchRefused(found.errorCode));
      return;
    }
    const { session } = found;
    if (session.usesTopicIds !== apiVersion >= topicIdsFrom) {
      this.sessions.close(session.id);
      this.connections.answer(request, fetchRefused(errorCodes.FETCH_SESSION_TOPIC_ID_ERROR));
      return;
    }
    this.forget(session, body);
    for (const part of this.partsOf(body.topics, apiVersion)) merge(session, part);
    const reader = readerOf(body, apiVersion);
    const parts = [...session.parts.values()];
    this.run(request, { reader, session, parts, isIncremental: true });
  }

  private run(
    request: PendingRequest,
    {
      reader,
      session,
      parts,
      isIncremental,
    }: Pick<FetchOptions, 'reader' | 'session' | 'parts' | 'isIncremental'>,
  ): void {
    const { minBytes, maxBytes, maxWaitMs } = request.input.body as Body;
    const maxBytesAllowed = Math.min(Math.max(0, maxBytes), this.context.config.fetchMaxBytes);
    this.desk.begin(request, {
      reader,
      minBytes,
      maxBytes: maxBytesAllowed,
      maxWaitMs,
      session,
      isIncremental,
      parts,
    });
  }

  private makeSession(
    parts: readonly FetchPart[],
    { reader, apiVersion }: { reader: Reader; apiVersion: number },
  ): FetchSession | undefined {
    const usesTopicIds = apiVersion >= topicIdsFrom;
    const isReplica = reader.replicaId >= 0;
    const session = this.sessions.create({ isReplica, usesTopicIds, nowMs: this.context.nowMs });
    if (session !== undefined) for (const part of parts) merge(session, part);
    return session;
  }

  private partsOf(topics: readonly Topic[], apiVersion: number): FetchPart[] {
    const parts: FetchPart[] = [];
    for (const { topic, topicId, partitions } of topics) {
      const usesTopicIds = apiVersion >= topicIdsFrom;
      const name = usesTopicIds ? (this.context.image.topicById(topicId)?.name ?? '') : topic;
      for (const asked of partitions) {
        const wanted: FetchWanted = {
          topic: name,
          topicId: usesTopicIds ? topicId : '',
          partition: asked.partition,
          currentLeaderEpoch: asked.currentLeaderEpoch,
          fetchOffset: asked.fetchOffset,
          lastFetchedEpoch: asked.lastFetchedEpoch,
          maxBytes: Math.max(0, asked.partitionMaxBytes),
        };
        parts.push(new FetchPart(wanted));
      }
    }
    return parts;
  }

  private forget(session: FetchSession, { forgottenTopicsData }: Body): void {
    for (const { topic, topicId, partitions } of forgottenTopicsData) {
      const name = session.usesTopicIds ? topicId : topic;
      for (const partition of partitions) session.parts.delete(partKey(name, partition));
    }
  }
}

function merge(session: FetchSession, part: FetchPart): void {
  const { topic, topicId, partition } = part.wanted;
  const key = partKey(session.usesTopicIds ? topicId : topic, partition);
  const known = session.parts.get(key);
  if (known === undefined) session.parts.set(key, part);
  else known.wanted = part.wanted;
}

function readerOf({ replicaId, replicaState }: Body, apiVersion: number): Reader {
  if (apiVersion < replicaStateFrom) return { replicaId, replicaEpoch: -1 };
  return { replicaId: replicaState.replicaId, replicaEpoch: replicaState.replicaEpoch };
}
