import { type GroupCoordinatorPort, offsetsTopic, type OffsetsRead } from '@zookafka/broker/core';
import { errorCodes } from '@zookafka/kafka-wire';
import { makeBatch, recordsIn, verdictOf } from './batches.ts';
import { World } from './world.ts';

interface Seen {
  readonly ports: Map<number, GroupCoordinatorPort>;
  readonly events: string[];
}

/** Brokers whose group coordinator writes down what it is told. */
function started(): { world: World; seen: Seen } {
  const seen: Seen = { ports: new Map(), events: [] };
  const world = new World({
    groups: (broker) => (port) => {
      seen.ports.set(broker, port);
      return {
        handlers: [],
        onLeadershipGained: (partition, epoch) =>
          seen.events.push(`${broker} +${partition}@${epoch}`),
        onLeadershipLost: (partition) => seen.events.push(`${broker} -${partition}`),
        onGroupTimer: (name) => seen.events.push(`${broker} ${name}`),
      };
    },
  });
  world.createTopic(offsetsTopic, [[1, 2, 3]]);
  world.run(50);
  return { world, seen };
}

/** Has the coordinator of a broker do something, inside a step of its broker. */
function inside(world: World, broker: number, act: () => void): void {
  world.within(broker, act);
}

describe('the port of the group coordinator', () => {
  it('tells who leads the partitions of the offsets, and who no longer does', () => {
    const { world, seen } = started();
    world.elect(2, [1, 2, 3], offsetsTopic);
    world.run(50);
    expect(seen.events.sort()).toEqual(['1 +0@0', '1 -0', '2 +0@1']);
  });

  it('appends, and answers when every in-sync replica has it', () => {
    const { world, seen } = started();
    const codes: number[] = [];
    const records = makeBatch([4]);
    inside(world, 1, () => {
      const batch = { records, verdict: verdictOf(records) };
      seen.ports.get(1)?.append(0, batch, (code) => codes.push(code));
    });
    expect(codes).toEqual([]);
    world.run(50);
    expect(codes).toEqual([0]);
    expect(world.log(3, offsetsTopic).logEndOffset).toBe(1);
  });

  it('refuses where another broker leads', () => {
    const { world, seen } = started();
    const codes: number[] = [];
    const records = makeBatch([4]);
    inside(world, 2, () => {
      const batch = { records, verdict: verdictOf(records) };
      seen.ports.get(2)?.append(0, batch, (code) => codes.push(code));
    });
    expect(codes).toEqual([errorCodes.NOT_LEADER_OR_FOLLOWER]);
  });

  it('says NOT_LEADER_OR_FOLLOWER for what waits when the leadership goes', () => {
    const { world, seen } = started();
    const codes: number[] = [];
    const records = makeBatch([4]);
    world.setCut(1, 2, true);
    world.setCut(1, 3, true);
    inside(world, 1, () => {
      const batch = { records, verdict: verdictOf(records) };
      seen.ports.get(1)?.append(0, batch, (code) => codes.push(code));
    });
    world.run(2500);
    expect(codes).toEqual([]);
    world.elect(2, [2, 3], offsetsTopic);
    world.run(50);
    expect(codes).toEqual([errorCodes.NOT_LEADER_OR_FOLLOWER]);
  });

  it('reads what was there when the leadership began', () => {
    const { world, seen } = started();
    const records = makeBatch([4, 5]);
    inside(world, 1, () => {
      const batch = { records, verdict: verdictOf(records) };
      seen.ports.get(1)?.append(0, batch, () => undefined);
    });
    world.run(50);
    world.elect(2, [1, 2, 3], offsetsTopic);
    world.run(50);
    const reads: OffsetsRead[] = [];
    inside(world, 2, () => {
      seen.ports.get(2)?.read(0, { offset: 0, maxBytes: 1000 }, (read) => reads.push(read));
    });
    world.run(5);
    expect(reads).toMatchObject([{ errorCode: 0, logStartOffset: 0, logEndOffset: 2 }]);
    const ids = reads.flatMap(({ chunks }) => chunks.flatMap(recordsIn)).map(({ id }) => id);
    expect(ids).toEqual([4, 5]);
  });

  it('rings timers by name, the newest setting of each', () => {
    const { world, seen } = started();
    inside(world, 3, () => {
      const port = seen.ports.get(3);
      port?.setTimer('a', 10);
      port?.setTimer('b', 20);
      port?.setTimer('a', 100);
      port?.cancelTimer('b');
    });
    world.run(50);
    expect(seen.events).not.toContain('3 a');
    world.run(100);
    expect(seen.events.filter((event) => event.startsWith('3'))).toEqual(['3 a']);
  });
});
