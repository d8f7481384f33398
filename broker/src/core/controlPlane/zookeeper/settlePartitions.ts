import { errorCodes, type MultiOperation, type Request } from '@zookafka/zookeeper-wire';
import { type ElectionAnswer, type ElectionQuestion } from '../elections.ts';
import { traceElected, type ControllerContext, type PartitionName } from './controllerContext.ts';
import { fencedOperations, isDeposed } from './election.ts';
import { firstStates } from './firstStates.ts';
import { decodeState, encodeState, type StatePayload } from './statePayload.ts';
import { multiOutcomeOf, readAll, setData, type Task, type ZnodeRead } from './task.ts';
import { decodeConfig } from './topicPayload.ts';
import { statePath, topicConfigPath } from './znodePaths.ts';

/** How many partitions are read, then written, together: the first are led before the last are read. */
const partitionsPerBatch = 128;
/** How often partitions whose leaders wrote meanwhile are read again before others get their turn. */
const attemptsMax = 20;

/** Decides one partition. */
export type Chooser = (question: ElectionQuestion) => ElectionAnswer | undefined;

/** What is to be settled, and how. */
export interface Settlement {
  readonly partitions: readonly PartitionName[];
  /** Brokers that failed and started since the controller looked last, whatever the states say. */
  readonly bounced: ReadonlySet<number>;
  readonly choose: Chooser;
}

interface Seen extends PartitionName {
  readonly state: StatePayload;
  readonly version: number;
  readonly question: ElectionQuestion;
}

interface Written extends Seen {
  readonly answer: ElectionAnswer;
}

/**
 * Reads the states of partitions and writes what must change: every write is conditional on the version that was read,
 * and on this controller's epoch. A state that somebody wrote meanwhile is read again, never guessed.
 *
 * @returns false when another controller has been elected: this one must do nothing more
 */
export function* settlePartitions(
  context: ControllerContext,
  { partitions, bounced, choose }: Settlement,
): Task<boolean> {
  for (let start = 0; start < partitions.length; start += partitionsPerBatch) {
    let pending: readonly PartitionName[] = partitions.slice(start, start + partitionsPerBatch);
    for (let attempt = 0; pending.length > 0 && attempt < attemptsMax; attempt++) {
      const again = yield* settleOnce(context, { partitions: pending, bounced, choose });
      if (again === 'deposed') return false;
      pending = again;
    }
    for (const name of pending) context.trace('partitionUnsettled', { ...name });
  }
  return true;
}

function* settleOnce(
  context: ControllerContext,
  { partitions, bounced, choose }: Settlement,
): Task<readonly PartitionName[] | 'deposed'> {
  const known = partitions.filter(({ topic }) => context.topics.has(topic));
  const znodes = yield* readAll(known.map(({ topic, partition }) => statePath(topic, partition)));
  const fresh = known.filter((_, index) => znodes[index] === null);
  const seen = known
    .map((name, index) => seenOf(context, { name, znode: znodes[index] ?? null, bounced }))
    .filter((one) => one !== undefined);
  const again = fresh.length === 0 ? [] : yield* firstStates(context, fresh);
  if (again === 'deposed') return 'deposed';
  const unclean = yield* uncleanTopics(context, seen);
  const writes: Written[] = [];
  for (const one of seen) {
    const answer = choose({ ...one.question, isUncleanAllowed: unclean.has(one.topic) });
    if (answer !== undefined) writes.push({ ...one, answer });
  }
  const lost = writes.length === 0 ? [] : yield* writeStates(context, writes);
  return lost === 'deposed' ? 'deposed' : [...again, ...lost];
}

function seenOf(
  context: ControllerContext,
  look: {
    readonly name: PartitionName;
    readonly znode: ZnodeRead | null;
    readonly bounced: ReadonlySet<number>;
  },
): Seen | undefined {
  const { name, znode, bounced } = look;
  const topic = context.topics.get(name.topic);
  const replicas = topic?.replicas[name.partition];
  if (znode === null || topic === undefined || replicas === undefined) return undefined;
  const state = decodeState(znode.data);
  if (state === undefined) {
    context.trace('znodeUnreadable', { path: statePath(name.topic, name.partition) });
    return undefined;
  }
  topic.leaders[name.partition] = state.leader;
  const live = [...context.brokers.keys()];
  const returned = live.filter(
    (broker) =>
      bounced.has(broker) ||
      context.rules.isOfEarlierLife(znode.stat.mzxid, context.brokers.get(broker) as number),
  );
  const { isr, leader } = state;
  const question = { replicas, isr, leader, live, returned, isUncleanAllowed: false };
  return { ...name, state, version: znode.stat.version, question };
}

/** Reads the settings of topics where only a leader from outside the ISR could lead. */
function* uncleanTopics(
  context: ControllerContext,
  seen: readonly Seen[],
): Task<ReadonlySet<string>> {
  const stuck = new Set<string>();
  for (const { topic, question } of seen) {
    const { isr, live, replicas } = question;
    const isStuck = !isr.some((broker) => live.includes(broker));
    if (isStuck && replicas.some((broker) => live.includes(broker))) stuck.add(topic);
  }
  const topics = [...stuck];
  const configs = yield* readAll(topics.map((topic) => topicConfigPath(topic)));
  const isAllowed = (index: number): boolean => {
    const value = decodeConfig(configs[index]?.data ?? null).get('unclean.leader.election.enable');
    return value === undefined ? context.isUncleanAllowedByDefault : value === 'true';
  };
  return new Set(topics.filter((_, index) => isAllowed(index)));
}

function* writeStates(
  context: ControllerContext,
  writes: readonly Written[],
): Task<readonly PartitionName[] | 'deposed'> {
  const { rules, term } = context;
  const fence = rules.fenceVersion(term.epochVersion);
  const requests = writes.map((write): Request => {
    const operations: MultiOperation[] = [
      setData(
        statePath(write.topic, write.partition),
        encodeState(stateAfter(context, write)),
        rules.stateVersionExpected(write.version),
      ),
    ];
    return { op: 'multi', operations: fencedOperations(fence, operations) };
  });
  const answers = yield requests;
  const again: PartitionName[] = [];
  for (const [index, answer] of answers.entries()) {
    const outcome = multiOutcomeOf(answer);
    const write = writes[index] as Written;
    if (isDeposed(outcome)) return 'deposed';
    if (outcome.err === errorCodes.BadVersion) again.push(write);
    if (outcome.err === 0) traceElected(context, write, stateAfter(context, write));
  }
  return again;
}

function stateAfter(context: ControllerContext, { state, answer }: Written): StatePayload {
  return {
    leader: answer.leader,
    leaderEpoch: context.rules.leaderEpochAfter(state.leaderEpoch),
    controllerEpoch: context.term.epoch,
    isr: answer.isr,
    isRecovering: false,
  };
}
