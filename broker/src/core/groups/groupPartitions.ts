import { utf8Length } from '@zookafka/base';
import { coordinatorPartition, errorCodes } from '@zookafka/kafka-wire';
import { offsetsTopic, type OffsetsRead } from '../groupPort.ts';
import { Group } from './group.ts';
import { type GroupContext } from './groupContext.ts';
import { GroupLoad } from './groupLoad.ts';
import { loadBytesMax, loadRetryMs, textBytesMax } from './groupSettings.ts';
import { type GroupTimer } from './groupTimers.ts';
import { type Member } from './member.ts';
import { type Rebalances } from './rebalances.ts';

/** A partition of `__consumer_offsets` that this broker leads: it coordinates the groups in it. */
export interface LedPartition {
  readonly partition: number;
  readonly leaderEpoch: number;
  /** Undefined when it is loaded. */
  load: GroupLoad | undefined;
  groups: Map<string, Group>;
  readonly loadTimer: GroupTimer;
}

/** Where a group is coordinated: here, or Kafka's error. */
export type GroupLocated =
  | { readonly kind: 'here'; readonly led: LedPartition }
  | { readonly kind: 'refused'; readonly errorCode: number };

/**
 * Which groups this broker coordinates: those of the partitions of `__consumer_offsets` that it leads.
 *
 *     another's ──leadership gained──► loading ──read up to where its epoch began──► served
 *        ▲                               │                                             │
 *        └───────────────────────────────┴───────────── leadership lost ◄──────────────┘
 */
export class GroupPartitions {
  private readonly context: GroupContext;
  private readonly rebalances: Rebalances;
  private readonly byPartition = new Map<number, LedPartition>();

  constructor(context: GroupContext, rebalances: Rebalances) {
    this.context = context;
    this.rebalances = rebalances;
  }

  get isLoading(): boolean {
    return [...this.byPartition.values()].some(({ load }) => load !== undefined);
  }

  get led(): readonly LedPartition[] {
    return [...this.byPartition.values()];
  }

  /** @param acceptsEmpty for who reads and commits offsets without a name, as very old clients do */
  locate(groupId: string, acceptsEmpty = false): GroupLocated {
    const isTooLong = groupId.length * 3 > textBytesMax && utf8Length(groupId) > textBytesMax;
    if (isTooLong || (groupId === '' && !acceptsEmpty)) return refused(errorCodes.INVALID_GROUP_ID);
    const count = this.context.port.image.topics.get(offsetsTopic)?.partitions.length ?? 0;
    const partition = count === 0 ? -1 : coordinatorPartition(groupId, count);
    const led = this.byPartition.get(partition);
    if (led === undefined) return refused(errorCodes.NOT_COORDINATOR);
    if (led.load !== undefined) return refused(errorCodes.COORDINATOR_LOAD_IN_PROGRESS);
    return { kind: 'here', led };
  }

  /** @returns the group that the member is in, while this broker coordinates it */
  groupOf(member: Member): Group | undefined {
    const located = this.locate(member.groupId);
    const group = located.kind === 'here' ? located.led.groups.get(member.groupId) : undefined;
    return group?.members.get(member.id) === member ? group : undefined;
  }

  addGroup(led: LedPartition, id: string): Group {
    const { rules, port } = this.context;
    const group = new Group({ id, partition: led.partition, rules, wallMs: port.wallMs });
    led.groups.set(id, group);
    return group;
  }

  /** Nobody has this group any more. */
  removeGroup(group: Group): void {
    this.rebalances.unload(group);
    if (this.holds(group)) this.byPartition.get(group.partition)?.groups.delete(group.id);
  }

  /** @returns whether this is the group, not one of an earlier leadership or a deleted one */
  holds(group: Group): boolean {
    return this.byPartition.get(group.partition)?.groups.get(group.id) === group;
  }

  gain(partition: number, leaderEpoch: number): void {
    this.lose(partition);
    const led: LedPartition = {
      partition,
      leaderEpoch,
      load: new GroupLoad(0),
      groups: new Map(),
      loadTimer: { kind: 'load', partition },
    };
    this.byPartition.set(partition, led);
    this.context.port.trace('groupsLoading', { partition, leaderEpoch });
    this.readOn(led);
  }

  lose(partition: number): void {
    const led = this.byPartition.get(partition);
    if (led === undefined) return;
    this.byPartition.delete(partition);
    this.context.timers.cancel(led.loadTimer);
    for (const group of led.groups.values()) this.rebalances.unload(group);
    const { leaderEpoch, groups } = led;
    this.context.port.trace('groupsUnloaded', { partition, leaderEpoch, groups: groups.size });
  }

  onLoadDue(partition: number): void {
    const led = this.byPartition.get(partition);
    if (led !== undefined) this.readOn(led);
  }

  private readOn(led: LedPartition): void {
    const { load, partition } = led;
    if (load === undefined) return;
    const from = { offset: load.offsetNext, maxBytes: loadBytesMax };
    this.context.port.read(partition, from, (read) => {
      if (this.byPartition.get(partition) === led) this.onRead(led, load, read);
    });
  }

  private onRead(led: LedPartition, load: GroupLoad, read: OffsetsRead): void {
    const { port, timers } = this.context;
    const { errorCode, chunks, logStartOffset, logEndOffset } = read;
    if (errorCode !== 0) {
      port.trace('groupsNotRead', { partition: led.partition, errorCode });
      timers.after(led.loadTimer, loadRetryMs);
      return;
    }
    load.offsetNext = Math.max(load.offsetNext, logStartOffset);
    const isAny = load.take(chunks);
    if (!isAny && load.offsetNext >= logEndOffset) {
      this.serve(led, load);
      return;
    }
    if (!isAny) load.offsetNext = logEndOffset;
    // The last read is of nothing: it tells that all that was read is committed, and cannot be taken back.
    this.readOn(led);
  }

  private serve(led: LedPartition, load: GroupLoad): void {
    const { rules, port, settings } = this.context;
    const { partition, leaderEpoch } = led;
    led.groups = load.groups({ partition, rules, wallMs: port.wallMs });
    led.load = undefined;
    for (const group of led.groups.values()) {
      // Their sessions begin anew: nobody knows when they were heard of last.
      for (const member of group.members.values()) this.rebalances.keepAlive(member);
      if (group.members.size > settings.groupSizeMax) {
        this.rebalances.prepare(group, 'there are more members than may be');
      }
    }
    const { unreadable, offsetNext } = load;
    const groups = led.groups.size;
    port.trace('groupsLoaded', { partition, leaderEpoch, groups, offsetNext, unreadable });
  }
}

function refused(errorCode: number): GroupLocated {
  return { kind: 'refused', errorCode };
}
