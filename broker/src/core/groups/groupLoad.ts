import { BytesError } from '@zookafka/base';
import {
  batchHeads,
  type BatchHead,
  decodeRecords,
  isControlBatch,
  isTransactional,
  WireError,
} from '@zookafka/kafka-wire';
import { Group } from './group.ts';
import { readStoredRecord, type StoredGroup, type StoredRecord } from './groupRecords.ts';
import { type GroupRules } from './groupRules.ts';
import { Member } from './member.ts';
import { OffsetTable } from './offsetTable.ts';

/** What a partition of `__consumer_offsets` says, read from its beginning: the last record of a key counts. */
export class GroupLoad {
  /** Where to read on. */
  offsetNext: number;
  /** Records and batches that could not be read. */
  unreadable = 0;
  private readonly stored = new Map<string, StoredGroup>();
  private readonly offsets = new Map<string, OffsetTable>();

  constructor(offset: number) {
    this.offsetNext = offset;
  }

  /** Takes whole batches. @returns whether there were any */
  take(chunks: readonly Uint8Array[]): boolean {
    let isAny = false;
    for (const chunk of chunks) {
      for (const head of batchHeads(chunk)) {
        isAny = true;
        if (head.lastOffset >= this.offsetNext) this.takeBatch(chunk, head);
        this.offsetNext = Math.max(this.offsetNext, head.lastOffset + 1);
      }
    }
    return isAny;
  }

  /** @returns the groups that there are now: those with members are stable, in the generation that they had */
  groups(about: {
    readonly partition: number;
    readonly rules: GroupRules;
    readonly wallMs: number;
  }): Map<string, Group> {
    const groups = new Map<string, Group>();
    for (const id of new Set([...this.stored.keys(), ...this.offsets.keys()])) {
      const group = new Group({ id, ...about });
      const stored = this.stored.get(id);
      if (stored !== undefined) restore(group, stored);
      const offsets = this.offsets.get(id);
      for (const { topic, partition, committed } of offsets?.entries() ?? []) {
        group.offsets.set(topic, partition, committed);
      }
      groups.set(id, group);
    }
    return groups;
  }

  private takeBatch(chunk: Uint8Array, head: BatchHead): void {
    // Markers, and offsets committed within transactions, which are not served.
    if (isControlBatch(head) || isTransactional(head)) return;
    const records = readable(() => decodeRecords(chunk, head));
    if (records === undefined) this.unreadable++;
    for (const record of records ?? []) {
      const said = readable(() => readStoredRecord(record));
      if (said === undefined) this.unreadable++;
      else this.apply(said);
    }
  }

  private apply(said: StoredRecord): void {
    if (said.kind === 'group') {
      if (said.stored === undefined) this.stored.delete(said.group);
      else this.stored.set(said.group, said.stored);
      return;
    }
    const { group, topic, partition, committed } = said;
    const table = this.offsets.get(group) ?? new OffsetTable();
    if (committed === undefined) table.delete(topic, partition);
    else table.set(topic, partition, committed);
    if (table.size === 0) this.offsets.delete(group);
    else this.offsets.set(group, table);
  }
}

function restore(group: Group, stored: StoredGroup): void {
  group.generation = stored.generation;
  group.protocolType = stored.protocolType;
  for (const one of stored.members) {
    const metadata = one.subscription.slice();
    const protocols = stored.protocol === null ? [] : [{ name: stored.protocol, metadata }];
    const { rebalanceTimeout, sessionTimeout: sessionTimeoutMs } = one;
    const rebalanceTimeoutMs = rebalanceTimeout === -1 ? sessionTimeoutMs : rebalanceTimeout;
    const member = new Member(group.id, {
      id: one.memberId,
      instanceId: one.groupInstanceId,
      origin: { clientId: one.clientId, clientHost: one.clientHost },
      wishes: { sessionTimeoutMs, rebalanceTimeoutMs, protocols },
    });
    member.assignment = one.assignment.slice();
    member.isNew = false;
    group.add(member, stored.protocolType);
  }
  if (group.members.size > 0) {
    group.protocol = stored.protocol;
    if (stored.leader !== null && group.members.has(stored.leader)) group.leaderId = stored.leader;
  }
  group.restore(group.members.size > 0 ? 'Stable' : 'Empty', stored.currentStateTimestamp);
}

/** @returns undefined for what is not a record that this coordinator understands */
function readable<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof WireError || error instanceof BytesError) return undefined;
    throw error;
  }
}
