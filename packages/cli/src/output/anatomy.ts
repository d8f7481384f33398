import { tableText } from './table.ts';

/** One line of an `events.jsonl`. */
export interface ClusterEvent {
  /** The machine's monotonic clock: comparable between the processes of one machine. */
  readonly monotonicMs: number;
  readonly wallTime: string;
  readonly node: string;
  readonly event: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** The phases of a fail-over, in order. */
export const phaseNames = [
  'detect',
  'elect',
  'load',
  'decide',
  'propagate',
  'client recovers',
] as const;
export type PhaseName = (typeof phaseNames)[number];

/** One phase: from the end of the one before it to the event that ends it. */
export interface Phase {
  readonly name: PhaseName;
  /** Undefined where the fail-over had no such phase. */
  readonly durationMs: number | undefined;
  /** Since the fault, in ms. */
  readonly endMs: number | undefined;
  /** Which event ended it, and where. */
  readonly endedBy: string | undefined;
}

/** What followed from one fault. */
export interface Anatomy {
  readonly fault: ClusterEvent;
  readonly phases: readonly Phase[];
  /** From the fault to the end of the last phase, in ms; undefined when nothing followed. */
  readonly totalMs: number | undefined;
}

/** What people do to nodes: each begins a fail-over. */
const faults: ReadonlySet<string> = new Set(['killed', 'paused', 'stopRequested', 'nodeExited']);

interface PhaseRule {
  readonly ends: ReadonlySet<string>;
  /** The first such event ends the phase, or the last. */
  readonly which: 'first' | 'last';
}

const rules: Readonly<Record<PhaseName, PhaseRule>> = {
  detect: {
    ends: new Set(['sessionExpired', 'sessionClosed', 'leadershipLost', 'electionStarted']),
    which: 'first',
  },
  elect: { ends: new Set(['serving', 'controllerElected']), which: 'last' },
  load: { ends: new Set(['controllerLoaded']), which: 'last' },
  decide: { ends: new Set(['leaderElected']), which: 'last' },
  propagate: { ends: new Set(['metadataLearned']), which: 'last' },
  'client recovers': { ends: new Set(['firstCommit']), which: 'first' },
};

/** Reads the lines of one `events.jsonl`; a torn last line is left out. */
export function parseEvents(text: string): readonly ClusterEvent[] {
  const events: ClusterEvent[] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    try {
      const { monotonicMs, wallTime, node, event, ...facts } = JSON.parse(line) as ClusterEvent &
        Record<string, unknown>;
      events.push({ monotonicMs, wallTime, node, event, facts });
    } catch {
      continue;
    }
  }
  return events;
}

/** Merges the events of all nodes by the machine's clock. */
export function mergeEvents(all: readonly (readonly ClusterEvent[])[]): readonly ClusterEvent[] {
  return all.flat().sort((left, right) => left.monotonicMs - right.monotonicMs);
}

/** @returns the anatomy of the last fault's fail-over, or undefined when there was no fault */
export function lastAnatomy(events: readonly ClusterEvent[]): Anatomy | undefined {
  const at = events.findLastIndex(({ event }) => faults.has(event));
  const fault = events[at];
  if (fault === undefined) return undefined;
  return anatomyOf(fault, events.slice(at + 1));
}

function anatomyOf(fault: ClusterEvent, followed: readonly ClusterEvent[]): Anatomy {
  const phases: Phase[] = [];
  let reachedMs = 0;
  for (const name of phaseNames) {
    const end = endOf(name, followed, fault.monotonicMs + reachedMs);
    const endMs = end === undefined ? undefined : end.monotonicMs - fault.monotonicMs;
    phases.push({
      name,
      durationMs: endMs === undefined ? undefined : endMs - reachedMs,
      endMs,
      endedBy: end === undefined ? undefined : `${end.event} on ${end.node}${factsText(end.facts)}`,
    });
    reachedMs = endMs ?? reachedMs;
  }
  return { fault, phases, totalMs: reachedMs > 0 ? reachedMs : undefined };
}

/** The event that ends a phase, no earlier than the phase before it ended. */
function endOf(
  name: PhaseName,
  followed: readonly ClusterEvent[],
  fromMs: number,
): ClusterEvent | undefined {
  const { ends, which } = rules[name];
  const found = followed.filter(
    ({ event, monotonicMs }) => ends.has(event) && monotonicMs >= fromMs,
  );
  return which === 'first' ? found[0] : found.at(-1);
}

/** The fail-over as a person reads it: a line a phase, with a bar as long as the phase took. */
export function anatomyText({ fault, phases, totalMs }: Anatomy): string {
  const roles = Array.isArray(fault.facts['roles']) ? fault.facts['roles'].join(', ') : '';
  const head = `${fault.node} ${fault.event}${roles === '' ? '' : ` (${roles})`} at ${fault.wallTime}`;
  if (totalMs === undefined) return `${head}\n  nothing followed yet`;
  const rows = phases.map(({ name, durationMs, endMs, endedBy }) => [
    `  ${name}`,
    durationMs === undefined ? '-' : `${durationMs.toFixed(1)} ms`,
    endMs === undefined ? '' : `at ${endMs.toFixed(1)} ms`,
    durationMs === undefined
      ? ''
      : '#'.repeat(Math.max(1, Math.round((durationMs / totalMs) * 30))),
    endedBy ?? 'did not happen',
  ]);
  return `${head}\n${tableText(rows)}\n  total ${totalMs.toFixed(1)} ms`;
}

/** One event as one line. */
export function eventText({ wallTime, node, event, facts }: ClusterEvent): string {
  return `${wallTime} ${node.padEnd(14)} ${event}${factsText(facts)}`;
}

function factsText(facts: Readonly<Record<string, unknown>>): string {
  return Object.entries(facts)
    .filter(([name]) => name !== 'source')
    .map(([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('');
}
