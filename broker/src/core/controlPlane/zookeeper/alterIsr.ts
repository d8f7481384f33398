import { errorCodes } from '@zookafka/zookeeper-wire';
import { check, multi, read, setData, statOf, type Task } from './task.ts';
import { decodeState, encodeState, type StatePayload } from './statePayload.ts';
import { brokerPath, statePath } from './znodePaths.ts';

/** A leader's wish to change who is in sync. */
export interface IsrChange {
  readonly topic: string;
  readonly partition: number;
  /** The state as the leader knows it, with the ISR that it wants. */
  readonly state: StatePayload;
  /** The znode's version that the leader knows. */
  readonly partitionEpoch: number;
  /** Members that were not in the ISR: each must be registered when the write is done. */
  readonly added: readonly number[];
}

/** A state with the numbers of its znode. */
export interface StateRead {
  readonly state: StatePayload;
  readonly partitionEpoch: number;
  readonly stateZxid: number;
}

/** What became of the wish. */
export type IsrOutcome =
  | { readonly kind: 'ok'; readonly now: StateRead }
  /** Somebody wrote the state meanwhile: this is what it is now. */
  | { readonly kind: 'badVersion'; readonly now: StateRead }
  /** A broker that was to be added is not registered. */
  | { readonly kind: 'ineligible' }
  /** The state is gone or cannot be read, or the leader is not registered any more. */
  | { readonly kind: 'gone' };

/**
 * Changes an ISR as the partition's leader does without asking a controller: a write at the version that it knows, as
 * long as the leader and whoever enters are registered.
 *
 * @param isRetry an earlier attempt was lost: what is there is compared with the wish before anything is written, so a
 *   lost answer costs no stale version for ever
 */
export function* alterIsr(change: IsrChange, isRetry: boolean): Task<IsrOutcome> {
  if (isRetry) {
    const now = yield* readState(change);
    if (now === null) return { kind: 'gone' };
    if (isDone(change, now)) return { kind: 'ok', now };
    if (now.partitionEpoch !== change.partitionEpoch) return { kind: 'badVersion', now };
  }
  const { topic, partition, state, partitionEpoch, added } = change;
  const outcome = yield* multi([
    check(brokerPath(state.leader), -1),
    ...added.map((broker) => check(brokerPath(broker), -1)),
    setData(statePath(topic, partition), encodeState(state), partitionEpoch),
  ]);
  if (outcome.err === 0) {
    const { version, mzxid } = statOf(outcome, added.length + 1);
    return { kind: 'ok', now: { state, partitionEpoch: version, stateZxid: mzxid } };
  }
  if (outcome.failed === 0) return { kind: 'gone' };
  if (outcome.failed <= added.length) return { kind: 'ineligible' };
  if (outcome.err !== errorCodes.BadVersion) return { kind: 'gone' };
  const now = yield* readState(change);
  if (now === null) return { kind: 'gone' };
  return { kind: 'badVersion', now };
}

function* readState({ topic, partition }: IsrChange): Task<StateRead | null> {
  const znode = yield* read(statePath(topic, partition));
  const state = decodeState(znode?.data ?? null);
  if (znode === null || state === undefined) return null;
  return { state, partitionEpoch: znode.stat.version, stateZxid: znode.stat.mzxid };
}

function isDone({ state, partitionEpoch }: IsrChange, now: StateRead): boolean {
  return (
    now.partitionEpoch === partitionEpoch + 1 &&
    now.state.leader === state.leader &&
    now.state.leaderEpoch === state.leaderEpoch &&
    now.state.isr.join() === state.isr.join()
  );
}
