import { assert } from '@zookafka/base';
import {
  errorCodes,
  sameSession,
  type MultiOperation,
  type SessionId,
} from '@zookafka/zookeeper-wire';
import {
  decodeController,
  decodeControllerEpoch,
  encodeController,
  encodeControllerEpoch,
} from './smallPayloads.ts';
import {
  ask,
  check,
  create,
  multi,
  read,
  remove,
  setData,
  statOf,
  type MultiOutcome,
  type Task,
} from './task.ts';
import { znodes } from './znodePaths.ts';

/** How often a candidate tries again at once when the znodes change under its hands. */
const campaignAttemptsMax = 5;

/** By what a controller's writes are told from those of another: the epoch, and the version of its znode. */
export interface ControllerTerm {
  readonly epoch: number;
  readonly epochVersion: number;
}

/** Who asks to be controller. */
export interface Candidate {
  readonly broker: number;
  readonly session: SessionId;
  /** Wall time in ms, for people who look at the znode. */
  readonly timestampMs: number;
  /** Whether reads leave one-shot watches. */
  readonly isWatching: boolean;
}

/**
 * Becomes controller, unless another is.
 *
 *     /controller held by another        lost: the watch tells when it goes
 *     /controller held by this session   won earlier, the answer was lost: the term is that of the same transaction
 *     absent                             multi[create /controller, setData /controller_epoch at its version]
 *
 * A term is believed only when `/controller` was created by the transaction that wrote `/controller_epoch` last: a
 * deposed controller that adopted its successor's epoch would look legitimate.
 *
 * @returns the term, or null when another is controller
 */
export function* campaign(candidate: Candidate): Task<ControllerTerm | null> {
  for (let attempt = 0; attempt < campaignAttemptsMax; attempt++) {
    const holder = yield* read(znodes.controller, candidate.isWatching);
    const epoch = yield* readEpoch();
    if (holder === null) {
      const term = yield* seize(candidate, epoch);
      if (term !== null) return term;
      continue;
    }
    if (!sameSession(holder.stat.ephemeralOwner, candidate.session)) return null;
    if (holder.stat.czxid === epoch.mzxid) return epoch;
    // Ours, but not of the last election: whoever wrote the epoch since then has ended this term.
    yield* ask(remove(znodes.controller, holder.stat.version));
  }
  return null;
}

/** Reads who is controller. @returns undefined when nobody is */
export function* readController(isWatching: boolean): Task<number | undefined> {
  const holder = yield* read(znodes.controller, isWatching);
  if (holder !== null) return decodeController(holder.data);
  // A read of an absent znode leaves no watch, but a question whether it exists does.
  if (isWatching) yield* ask({ op: 'exists', path: znodes.controller, watch: true });
  return undefined;
}

/** @returns a controller's write: all of `operations`, or none when another controller has been elected since */
export function* fenced(
  epochVersion: number,
  operations: readonly MultiOperation[],
): Task<MultiOutcome> {
  return yield* multi(fencedOperations(epochVersion, operations));
}

/** @returns the operations with the check before them by which the ensemble refuses a deposed controller */
export function fencedOperations(
  epochVersion: number,
  operations: readonly MultiOperation[],
): readonly MultiOperation[] {
  return [check(znodes.controllerEpoch, epochVersion), ...operations];
}

/** @returns whether a fenced write failed because another controller has been elected since */
export function isDeposed(outcome: MultiOutcome): boolean {
  return outcome.err !== 0 && outcome.failed === 0;
}

interface EpochRead extends ControllerTerm {
  readonly mzxid: number;
}

function* readEpoch(): Task<EpochRead> {
  for (;;) {
    const found = yield* read(znodes.controllerEpoch);
    if (found !== null) {
      // An epoch that nobody can read starts anew: its version still fences.
      const epoch = decodeControllerEpoch(found.data) ?? 0;
      return { epoch, epochVersion: found.stat.version, mzxid: found.stat.mzxid };
    }
    const { err } = yield* ask(create(znodes.controllerEpoch, encodeControllerEpoch(0)));
    assert(err === 0 || err === errorCodes.NodeExists, 'The root takes children', { err });
  }
}

function* seize(candidate: Candidate, before: ControllerTerm): Task<ControllerTerm | null> {
  const epoch = before.epoch + 1;
  const outcome = yield* multi([
    create(znodes.controller, encodeController(candidate.broker, candidate.timestampMs), true),
    setData(znodes.controllerEpoch, encodeControllerEpoch(epoch), before.epochVersion),
  ]);
  if (outcome.err !== 0) return null;
  return { epoch, epochVersion: statOf(outcome, 1).version };
}
