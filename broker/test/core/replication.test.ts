import { errorCodes, type ResponseOf } from '@zookafka/kafka-wire';
import { makeBatch, type ProducerStamp, recordsIn } from './batches.ts';
import { type Answer, World, type WorldOptions } from './world.ts';

const topicOf = (records: Uint8Array, partition = 0) => [
  { name: 't', partitionData: [{ index: partition, records }] },
];

function produce(
  world: World,
  broker: number,
  ids: readonly number[],
  options: { acks?: number; stamp?: ProducerStamp; timeoutMs?: number; connection?: number } = {},
): Answer<'produce'> {
  const { acks = -1, stamp, timeoutMs = 3000, connection } = options;
  return world.request(
    broker,
    'produce',
    { acks, timeoutMs, transactionalId: null, topicData: topicOf(makeBatch(ids, stamp)) },
    connection === undefined ? {} : { connection },
  );
}

function result({ body }: Answer<'produce'>) {
  return body?.responses[0]?.partitionResponses[0];
}

function produced(world: World, broker: number, ids: readonly number[], options = {}) {
  const answer = produce(world, broker, ids, options);
  world.runUntil(() => answer.body !== undefined || answer.isClosed);
  return result(answer);
}

function fetchBody(offset: number, options: Record<string, number> = {}) {
  const { maxWaitMs = 0, minBytes = 1, epoch = -1 } = options;
  return {
    maxWaitMs,
    minBytes,
    maxBytes: 1_000_000,
    topics: [
      {
        topic: 't',
        partitions: [
          {
            partition: 0,
            fetchOffset: offset,
            currentLeaderEpoch: epoch,
            partitionMaxBytes: 1_000_000,
          },
        ],
      },
    ],
  };
}

function consume(world: World, broker: number, offset: number) {
  const body = world.ask(broker, 'fetch', fetchBody(offset), { version: 12 });
  return partOf(body);
}

function partOf(body: ResponseOf<'fetch'>) {
  const part = body.responses[0]?.partitions[0];
  if (part === undefined) throw new Error('no partition in the answer');
  return part;
}

function idsOf(records: Uint8Array | null): number[] {
  return recordsIn(records ?? new Uint8Array(0)).map(({ id }) => id);
}

function idsInLog(world: World, broker: number): number[] {
  return world.log(broker).batches.flatMap(({ bytes }) => recordsIn(bytes).map(({ id }) => id));
}

function started(options: WorldOptions = {}, config: Record<string, string> = {}): World {
  const world = new World(options);
  world.createTopic('t', [[1, 2, 3]], config);
  world.run(50);
  return world;
}

describe('produce', () => {
  it('answers acks=all when every in-sync replica has the batch', () => {
    const world = started();
    expect(produced(world, 1, [10, 11])).toMatchObject({ errorCode: 0, baseOffset: 0 });
    expect(produced(world, 1, [12])).toMatchObject({ errorCode: 0, baseOffset: 2 });
    for (const id of [1, 2, 3]) expect(idsInLog(world, id)).toEqual([10, 11, 12]);
  });

  it('answers acks=1 when the leader has the batch, though no follower can be reached', () => {
    const world = started();
    world.setCut(1, 2, true);
    world.setCut(1, 3, true);
    expect(produced(world, 1, [10], { acks: 1 })).toMatchObject({ errorCode: 0, baseOffset: 0 });
    expect(world.replica(1)?.highWatermark).toBe(0);
  });

  it('answers nothing to acks=0, and closes the connection when the append is refused', () => {
    const world = started();
    const connection = world.connect(1);
    const fine = produce(world, 1, [10], { acks: 0, connection });
    world.run(20);
    expect(fine).toMatchObject({ isSilent: true, isClosed: false, body: undefined });
    const wrong = produce(world, 2, [11], { acks: 0 });
    world.run(20);
    expect(wrong.isClosed).toBe(true);
  });

  it('tells whoever waits behind it who leads when the answer leaves, not when it was asked', () => {
    const world = started();
    world.setCut(1, 2, true);
    world.setCut(1, 3, true);
    const connection = world.connect(1);
    const parked = produce(world, 1, [10], { connection, timeoutMs: 30_000 });
    world.run(20);
    const topics = { topics: [{ name: 't' }], allowAutoTopicCreation: false };
    const metadata = world.request(1, 'metadata', topics, { connection, version: 4 });
    world.run(20);
    expect([parked.body, metadata.body]).toEqual([undefined, undefined]);
    world.write({ ...world.state(), leader: 2, leaderEpoch: 1, isr: [1, 2], partitionEpoch: 1 });
    world.run(20);
    expect(result(parked)?.errorCode).toBe(errorCodes.NOT_LEADER_OR_FOLLOWER);
    expect(metadata.body?.topics[0]?.partitions[0]?.leaderId).toBe(2);
  });

  it('refuses other acks', () => {
    const world = started();
    expect(produced(world, 1, [1], { acks: 2 })?.errorCode).toBe(errorCodes.INVALID_REQUIRED_ACKS);
  });

  it('says NOT_LEADER_OR_FOLLOWER on a follower, UNKNOWN_TOPIC_OR_PARTITION where nobody knows it', () => {
    const world = started();
    expect(produced(world, 2, [1])?.errorCode).toBe(errorCodes.NOT_LEADER_OR_FOLLOWER);
    const body = world.ask(1, 'produce', {
      acks: -1,
      timeoutMs: 100,
      transactionalId: null,
      topicData: [{ name: 'x', partitionData: [{ index: 0, records: makeBatch([1]) }] }],
    });
    expect(body.responses[0]?.partitionResponses[0]?.errorCode).toBe(
      errorCodes.UNKNOWN_TOPIC_OR_PARTITION,
    );
  });

  it('refuses acks=all before the append when the ISR is smaller than min.insync.replicas', () => {
    const world = started({}, { 'min.insync.replicas': '2' });
    const state = world.state();
    world.write({ ...state, isr: [1], partitionEpoch: 1 });
    world.kill(2);
    world.kill(3);
    world.run(20);
    expect(produced(world, 1, [1])?.errorCode).toBe(errorCodes.NOT_ENOUGH_REPLICAS);
    expect(world.log(1).logEndOffset).toBe(0);
    expect(produced(world, 1, [1], { acks: 1 })?.errorCode).toBe(0);
  });

  it('says REQUEST_TIMED_OUT when a batch is not committed in time, and keeps it', () => {
    const world = started();
    world.setCut(1, 2, true);
    const answer = produced(world, 1, [5], { timeoutMs: 200 });
    expect(answer?.errorCode).toBe(errorCodes.REQUEST_TIMED_OUT);
    expect(idsInLog(world, 1)).toEqual([5]);
  });

  it('says NOT_LEADER_OR_FOLLOWER to whoever waits when the leadership goes', () => {
    const world = started();
    world.setCut(1, 2, true);
    const answer = produce(world, 1, [5]);
    world.run(20);
    world.elect(3, [1, 3]);
    world.run(20);
    expect(result(answer)?.errorCode).toBe(errorCodes.NOT_LEADER_OR_FOLLOWER);
  });

  it('refuses a batch above max.message.bytes', () => {
    const world = started({}, { 'max.message.bytes': '64' });
    expect(produced(world, 1, [1, 2])?.errorCode).toBe(errorCodes.MESSAGE_TOO_LARGE);
  });

  it('answers the requests of one connection in their order', () => {
    const world = started();
    world.setCut(1, 2, true);
    const connection = world.connect(1);
    const first = produce(world, 1, [1], { connection, timeoutMs: 500 });
    const second = produce(world, 1, [2], { connection, acks: 1 });
    world.run(100);
    expect([first.body, second.body]).toEqual([undefined, undefined]);
    world.run(600);
    expect(result(first)?.errorCode).toBe(errorCodes.REQUEST_TIMED_OUT);
    expect(result(second)?.baseOffset).toBe(1);
  });
});

describe('an idempotent producer', () => {
  const stamp = (baseSequence: number, producerEpoch = 0): ProducerStamp => ({
    producerId: 7,
    producerEpoch,
    baseSequence,
  });

  it('gets the first offset again when it sends a batch twice', () => {
    const world = started();
    expect(produced(world, 1, [1, 2], { stamp: stamp(0) })).toMatchObject({ baseOffset: 0 });
    expect(produced(world, 1, [3], { stamp: stamp(2) })).toMatchObject({ baseOffset: 2 });
    expect(produced(world, 1, [1, 2], { stamp: stamp(0) })).toMatchObject({
      errorCode: 0,
      baseOffset: 0,
    });
    expect(idsInLog(world, 1)).toEqual([1, 2, 3]);
  });

  it('is refused where a sequence is left out, or an older epoch comes', () => {
    const world = started();
    produced(world, 1, [1], { stamp: stamp(0, 1) });
    expect(produced(world, 1, [9], { stamp: stamp(2, 1) })?.errorCode).toBe(
      errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER,
    );
    expect(produced(world, 1, [9], { stamp: stamp(1, 0) })?.errorCode).toBe(
      errorCodes.INVALID_PRODUCER_EPOCH,
    );
  });

  it('is not doubled by a retry at the next leader, which learned its sequence from the batches', () => {
    const world = started();
    produced(world, 1, [1], { stamp: stamp(0) });
    const lost = produce(world, 1, [2], { stamp: stamp(1) });
    world.runUntil(() => world.log(2).logEndOffset === 2);
    world.kill(1);
    expect(lost.body).toBeUndefined();
    world.expire(1);
    world.elect(2, [2, 3]);
    world.run(50);
    expect(produced(world, 2, [2], { stamp: stamp(1) })).toMatchObject({
      errorCode: 0,
      baseOffset: 1,
    });
    expect(idsInLog(world, 2)).toEqual([1, 2]);
  });

  it('waits with the answer to a copy until the first one is committed', () => {
    const world = started();
    world.setCut(1, 2, true);
    produce(world, 1, [1], { stamp: stamp(0) });
    world.run(20);
    const copy = produce(world, 1, [1], { stamp: stamp(0) });
    world.run(100);
    expect(copy.body).toBeUndefined();
    world.setCut(1, 2, false);
    world.run(2000);
    expect(result(copy)).toMatchObject({ errorCode: 0, baseOffset: 0 });
  });
});

describe('the high watermark', () => {
  it('bounds what a consumer gets', () => {
    const world = started();
    produced(world, 1, [1]);
    world.setCut(1, 2, true);
    produce(world, 1, [2], { acks: 1 });
    world.run(20);
    const part = consume(world, 1, 0);
    expect(part.highWatermark).toBe(1);
    expect(idsOf(part.records)).toEqual([1]);
  });

  it('passes a follower that is out of the ISR and does not keep up', () => {
    const world = started({ config: { replicaLagTimeMaxMs: 400 } });
    world.setCut(1, 3, true);
    const answer = produce(world, 1, [1]);
    world.run(100);
    expect(answer.body).toBeUndefined();
    world.runUntil(() => answer.body !== undefined);
    expect(result(answer)?.errorCode).toBe(0);
    expect(world.state().isr).toEqual([1, 2]);
  });

  it('stands still while the ISR is smaller than min.insync.replicas', () => {
    const world = started({}, { 'min.insync.replicas': '2' });
    world.kill(2);
    world.kill(3);
    world.expire(2);
    world.expire(3);
    world.write({ ...world.state(), isr: [1], partitionEpoch: 1 });
    world.run(50);
    expect(produced(world, 1, [1], { acks: 1 })?.errorCode).toBe(0);
    world.run(5000);
    expect(world.replica(1)?.highWatermark).toBe(0);
  });

  it('is not told by a new leader before it reaches the start of its epoch', () => {
    const world = started();
    produced(world, 1, [1]);
    world.kill(1);
    world.expire(1);
    world.setCut(2, 3, true);
    world.elect(2, [2, 3]);
    world.run(30);
    const asked = {
      replicaId: -1,
      topics: [{ name: 't', partitions: [{ partitionIndex: 0, timestamp: -1 }] }],
    };
    const before = world.ask(2, 'listOffsets', asked).topics[0]?.partitions[0];
    expect(before?.errorCode).toBe(errorCodes.OFFSET_NOT_AVAILABLE);
    world.setCut(2, 3, false);
    world.run(1000);
    expect(world.ask(2, 'listOffsets', asked).topics[0]?.partitions[0]).toMatchObject({
      errorCode: 0,
      offset: 1,
    });
  });

  it('comes back from its checkpoint when a broker returns', () => {
    const world = started();
    produced(world, 1, [1, 2]);
    world.run(2500);
    world.kill(2);
    world.start(2);
    world.run(6);
    expect(world.replica(2)?.highWatermark ?? 2).toBe(2);
  });
});

describe('the ISR', () => {
  it('loses a follower that stops to fetch, and gets it back when it has caught up', () => {
    const world = started({ config: { replicaLagTimeMaxMs: 400 } });
    world.kill(3);
    world.run(1000);
    // It has all that there is: only the controller knows that it is gone.
    expect(world.state().isr).toEqual([1, 2, 3]);
    expect(produced(world, 1, [1, 2])?.errorCode).toBe(0);
    expect(world.state().isr).toEqual([1, 2]);
    world.expire(3);
    world.start(3);
    world.runUntil(() => world.state().isr.length === 3);
    expect(idsInLog(world, 3)).toEqual([1, 2]);
  });

  it('is not joined by a follower that is not registered in this life: it does not follow yet', () => {
    const world = started();
    world.write({ ...world.state(), isr: [1, 2], partitionEpoch: 1 });
    world.kill(3);
    world.start(3, 1000);
    // Its earlier registration stands, and it hears of its partitions already.
    world.run(5);
    world.tellAll(world.wholeDelta());
    world.run(500);
    expect(world.replica(3)?.state).toBeDefined();
    expect(world.replica(3)?.following).toBeUndefined();
    expect(world.state().isr).toEqual([1, 2]);
    world.runUntil(() => world.state().isr.length === 3);
    expect(world.replica(3)?.following?.leader).toBe(1);
  });

  it('is not joined by a follower of an earlier registration', () => {
    const world = started({ config: { replicaLagTimeMaxMs: 400 } });
    world.write({ ...world.state(), isr: [1, 2], partitionEpoch: 1 });
    // Somebody else registered under the id meanwhile: the follower that fetches is a ghost.
    world.registered.set(3, { id: 3, epoch: 9999, host: 'b3', port: 9092, rack: null });
    world.tellAll({ brokers: [...world.registered.values()] });
    world.run(2000);
    expect(world.state().isr).toEqual([1, 2]);
  });

  it('counts both the old and the proposed members until the answer comes', () => {
    const world = started();
    world.write({ ...world.state(), isr: [1, 2], partitionEpoch: 1 });
    world.run(5);
    const leadership = world.replica(1)?.leadership;
    world.runUntil(() => leadership?.isrProposed !== undefined);
    expect(leadership?.isrProposed).toEqual([1, 2, 3]);
    world.runUntil(() => leadership?.isrProposed === undefined);
    expect(leadership?.isr).toEqual([1, 2, 3]);
  });
});

describe('leader epochs', () => {
  it('are known from the start of an epoch, before anything is written', () => {
    const world = started();
    produced(world, 1, [1]);
    world.elect(2);
    world.run(50);
    expect(world.replica(2)?.epochs.entries).toEqual([
      { epoch: 0, startOffset: 0 },
      { epoch: 1, startOffset: 1 },
    ]);
  });

  it('make a leader that returns cut what only it had', () => {
    const world = started();
    produced(world, 1, [1]);
    world.setCut(1, 2, true);
    world.setCut(1, 3, true);
    produce(world, 1, [66, 67], { acks: 1 });
    world.run(20);
    world.kill(1);
    world.expire(1);
    world.elect(2, [2, 3]);
    world.run(50);
    expect(produced(world, 2, [2])).toMatchObject({ errorCode: 0, baseOffset: 1 });
    world.setCut(1, 2, false);
    world.setCut(1, 3, false);
    world.start(1);
    world.runUntil(() => world.state().isr.length === 3);
    expect(idsInLog(world, 1)).toEqual([1, 2]);
    const cuts = world.traces.filter(({ event }) => event === 'followerTruncated');
    expect(cuts).toMatchObject([{ broker: 1, facts: { from: 3, to: 1 } }]);
  });

  it('fence a reader of an older one, and one of a newer one', () => {
    const world = started();
    world.elect(1);
    world.run(50);
    const askAt = (epoch: number) =>
      partOf(world.ask(1, 'fetch', fetchBody(0, { epoch }), { version: 12 })).errorCode;
    expect(askAt(0)).toBe(errorCodes.FENCED_LEADER_EPOCH);
    expect(askAt(1)).toBe(0);
    expect(askAt(2)).toBe(errorCodes.UNKNOWN_LEADER_EPOCH);
  });

  it('are told by OffsetForLeaderEpoch with where they ended', () => {
    const world = started();
    produced(world, 1, [1, 2]);
    world.elect(2);
    world.run(600);
    produced(world, 2, [3]);
    const asked = (leaderEpoch: number) =>
      world.ask(2, 'offsetForLeaderEpoch', {
        replicaId: -1,
        topics: [{ topic: 't', partitions: [{ partition: 0, leaderEpoch }] }],
      }).topics[0]?.partitions[0];
    expect(asked(0)).toMatchObject({ leaderEpoch: 0, endOffset: 2 });
    expect(asked(1)).toMatchObject({ leaderEpoch: 1, endOffset: 3 });
    expect(asked(5)).toMatchObject({ leaderEpoch: -1, endOffset: -1 });
  });

  it('do not make a broker lead by a state that is older than its registration', () => {
    const world = started();
    world.kill(1);
    world.start(1);
    world.run(50);
    expect(world.replica(1)?.leadership).toBeUndefined();
    world.elect(1);
    world.run(50);
    expect(world.replica(1)?.leadership?.epoch).toBe(1);
  });
});

describe('a follower', () => {
  it('starts anew where the leader starts when its end is before that', () => {
    const world = started();
    produced(world, 1, [1, 2, 3]);
    world.kill(3);
    world.expire(3);
    world.write({ ...world.state(), isr: [1, 2], partitionEpoch: 1 });
    world.run(50);
    produced(world, 1, [4]);
    produced(world, 1, [5]);
    const replica = world.replica(1);
    replica?.moveLogStart(4);
    world.log(1).advanceStart(4);
    world.start(3);
    world.runUntil(() => world.state().isr.length === 3);
    expect(world.log(3)).toMatchObject({ logStartOffset: 4, logEndOffset: 5 });
  });

  it('is asked at once for a partition that it follows from now on', () => {
    const world = started();
    world.createTopic('u', [[1, 2]]);
    const before = world.nowMs;
    world.runUntil(() => world.replica(1, 'u')?.leadership?.followers[0]?.offsetNext === 0);
    expect(world.nowMs - before).toBeLessThan(20);
  });

  it('keeps the files of a topic that is absent, and removes those of one that was deleted', () => {
    const world = started();
    const topicId = world.createTopic('u', [[1, 2, 3]]);
    world.run(50);
    world.tellAll({ topicsAbsent: [{ name: 'u', topicId }] });
    world.run(20);
    expect([...world.diskLogs(2).keys()]).toEqual(['t-0', 'u-0']);
    world.deleteTopic('t');
    world.run(20);
    expect([...world.diskLogs(2).keys()]).toEqual(['u-0']);
  });

  it('sets aside a log that the whole metadata does not know', () => {
    const world = started();
    world.createTopic('u', [[3]]);
    world.run(50);
    world.kill(3);
    world.states.delete('u-0');
    (world as unknown as { topicIds: Map<string, string> }).topicIds.delete('u');
    world.start(3);
    world.run(50);
    const strays = world.traces.filter(({ event }) => event === 'logStray');
    expect(strays).toMatchObject([{ broker: 3, facts: { topic: 'u' } }]);
  });
});

describe('fetch', () => {
  it('waits for the first byte, and no longer than it may', () => {
    const world = started();
    const waiting = world.request(1, 'fetch', fetchBody(0, { maxWaitMs: 5000 }), { version: 12 });
    world.run(100);
    expect(waiting.body).toBeUndefined();
    produced(world, 1, [7]);
    world.run(10);
    expect(idsOf(partOf(waiting.body as ResponseOf<'fetch'>).records)).toEqual([7]);
    const idle = world.request(1, 'fetch', fetchBody(1, { maxWaitMs: 300 }), { version: 12 });
    world.run(350);
    expect(partOf(idle.body as ResponseOf<'fetch'>).records).toHaveLength(0);
  });

  it('waits for as many bytes as are asked for', () => {
    const world = started();
    const body = fetchBody(0, { maxWaitMs: 5000, minBytes: 200 });
    const waiting = world.request(1, 'fetch', body, { version: 12 });
    for (const id of [1, 2, 3]) produced(world, 1, [id]);
    world.run(10);
    expect(waiting.body).toBeUndefined();
    produced(world, 1, [4]);
    world.run(10);
    expect(idsOf(partOf(waiting.body as ResponseOf<'fetch'>).records)).toEqual([1, 2, 3, 4]);
  });

  it('says OFFSET_OUT_OF_RANGE beyond the end', () => {
    const world = started();
    expect(consume(world, 1, 5).errorCode).toBe(errorCodes.OFFSET_OUT_OF_RANGE);
  });

  it('in a session names only what changed', () => {
    const world = started();
    const connection = world.connect(1);
    const first = world.ask(
      1,
      'fetch',
      { ...fetchBody(0), sessionId: 0, sessionEpoch: 0 },
      { version: 12, connection },
    );
    expect(first.sessionId).toBeGreaterThan(0);
    expect(first.responses).toHaveLength(1);
    const next = (sessionEpoch: number) =>
      world.ask(
        1,
        'fetch',
        { ...fetchBody(0), topics: [], sessionId: first.sessionId, sessionEpoch },
        { version: 12, connection },
      );
    expect(next(1).responses).toHaveLength(0);
    produced(world, 1, [9]);
    expect(idsOf(partOf(next(2)).records)).toEqual([9]);
    expect(next(2).errorCode).toBe(errorCodes.INVALID_FETCH_SESSION_EPOCH);
    const unknown = { ...fetchBody(0), sessionId: 12345, sessionEpoch: 1 };
    expect(world.ask(1, 'fetch', unknown, { version: 12 }).errorCode).toBe(
      errorCodes.FETCH_SESSION_ID_NOT_FOUND,
    );
  });

  it('by topic id says UNKNOWN_TOPIC_ID where there is no such id', () => {
    const world = started();
    const body = fetchBody(0);
    const topics = body.topics.map(({ partitions }) => ({
      topicId: 'idXXAAAAAAAAAAAAAAAAAA',
      partitions,
    }));
    const answer = world.ask(1, 'fetch', { ...body, topics }, { version: 13 });
    expect(partOf(answer).errorCode).toBe(errorCodes.UNKNOWN_TOPIC_ID);
  });
});
