import { type ControllerRules } from '../elections.ts';
import { type ControllerContext } from './controllerContext.ts';
import {
  load,
  onBrokersChanged,
  onTopicsChanged,
  onTopicsModified,
  rebalance,
  settleAll,
} from './controllerTasks.ts';
import { deleteTopics } from './deleteTopics.ts';
import { type ControllerTerm } from './election.ts';
import { type Task } from './task.ts';
import { type TaskEnd, type TaskHandle, type TaskRunner } from './taskRunner.ts';
import { type ZnodePlace } from './znodePaths.ts';

/** What a controller is made of. */
export interface ControllerOptions {
  readonly rules: ControllerRules;
  readonly isWatching: boolean;
  readonly isUncleanAllowedByDefault: boolean;
  readonly isTopicDeletionAllowed: boolean;
}

/** What a controller is connected to. */
export interface ControllerPorts {
  readonly runner: TaskRunner;
  readonly nowMs: () => number;
  readonly trace: (event: string, facts: Readonly<Record<string, unknown>>) => void;
  /** The ensemble refused a write because another controller has been elected, or answered nonsense. */
  readonly onStuck: (reason: string) => void;
}

/** Work that waits its turn. Each kind waits once: whoever serves it reads what is there now, not what was then. */
type ControllerEvent = 'load' | 'brokers' | 'topics' | 'modified' | 'deletions' | 'rebalance';

interface Term {
  readonly context: ControllerContext;
  readonly queue: Set<ControllerEvent>;
  readonly modified: Set<string>;
  task: TaskHandle | null;
}

/**
 * The controller of the cluster, on the broker that was elected: one event at a time, first in, first out.
 *
 *     elected ──► load ──► brokers | topics | modified | deletions | rebalance …
 *        ▲          ▲              │ connection lost: nothing is done until it is back
 *        │          └── resume ◄───┘
 *        └───────────── resign ◄──── refused by the fence, another elected, session lost: the queue is emptied
 */
export class Controller {
  private readonly options: ControllerOptions;
  private readonly ports: ControllerPorts;
  private term: Term | null = null;

  constructor(options: ControllerOptions, ports: ControllerPorts) {
    this.options = options;
    this.ports = ports;
  }

  /** The epoch of this broker's term, or undefined when it is not controller. */
  get epoch(): number | undefined {
    return this.term?.context.term.epoch;
  }

  /** This broker holds this term: a new one, or the one that it held before the connection was lost. */
  hold(term: ControllerTerm): void {
    if (this.term?.context.term.epochVersion !== term.epochVersion) this.begin(term);
    const { term: held } = this;
    held?.task?.stop();
    if (held !== null) held.task = null;
    held?.queue.clear();
    this.enqueue('load');
  }

  /** This broker is controller no more: nothing of its term goes on, and nothing of it is kept. */
  resign(reason: string): void {
    const { term } = this;
    if (term === null) return;
    term.task?.stop();
    this.term = null;
    this.ports.trace('controllerResigned', { reason, controllerEpoch: term.context.term.epoch });
  }

  /** A watch fired. Whoever is not controller hears nothing of it. */
  onChanged(place: ZnodePlace): void {
    switch (place.kind) {
      case 'brokers':
      case 'broker':
        this.enqueue('brokers');
        return;
      case 'topics':
        this.enqueue('topics');
        return;
      case 'topic':
        this.term?.modified.add(place.topic);
        this.enqueue('topics');
        this.enqueue('modified');
        return;
      case 'deleteTopics':
      case 'deleteTopic':
        this.enqueue('deletions');
        return;
      default:
    }
  }

  /** It is time to look whether preferred replicas lead. */
  onRebalanceDue(): void {
    this.enqueue('rebalance');
  }

  private begin(term: ControllerTerm): void {
    this.resign('elected anew');
    const { rules, isWatching, isUncleanAllowedByDefault, isTopicDeletionAllowed } = this.options;
    const context: ControllerContext = {
      term,
      rules,
      isWatching,
      isUncleanAllowedByDefault,
      isTopicDeletionAllowed,
      brokers: new Map(),
      topics: new Map(),
      deleting: new Set(),
      trace: this.ports.trace,
    };
    this.term = { context, queue: new Set(), modified: new Set(), task: null };
    this.ports.trace('controllerElected', { controllerEpoch: term.epoch });
  }

  private enqueue(event: ControllerEvent): void {
    const { term } = this;
    if (term === null) return;
    term.queue.add(event);
    if (term.task === null) this.serveNext(term);
  }

  private serveNext(term: Term): void {
    // Without a connection everything waits for the load that `hold` asks for.
    if (!this.ports.runner.isReady) return;
    const [event] = term.queue;
    if (event === undefined) return;
    term.queue.delete(event);
    const handle = this.ports.runner.run(this.taskOf(term, event), (end) => {
      this.onTaskEnd(term, end);
    });
    if (!handle.isOver) term.task = handle;
  }

  private taskOf(term: Term, event: ControllerEvent): Task<boolean> {
    const { context } = term;
    switch (event) {
      case 'load':
        return this.takeOver(context);
      case 'brokers':
        return onBrokersChanged(context);
      case 'topics':
        return onTopicsChanged(context);
      case 'modified': {
        const topics = [...term.modified];
        term.modified.clear();
        return onTopicsModified(context, topics);
      }
      case 'deletions':
        return deleteTopics(context);
      case 'rebalance':
        return rebalance(context);
    }
  }

  private *takeOver(context: ControllerContext): Task<boolean> {
    const startMs = this.ports.nowMs();
    yield* load(context);
    const topics = [...context.topics.values()];
    this.ports.trace('controllerLoaded', {
      controllerEpoch: context.term.epoch,
      brokers: context.brokers.size,
      topics: topics.length,
      partitions: topics.reduce((sum, { replicas }) => sum + replicas.length, 0),
      loadMs: this.ports.nowMs() - startMs,
    });
    return yield* settleAll(context);
  }

  private onTaskEnd(term: Term, end: TaskEnd<boolean>): void {
    if (this.term !== term) return;
    term.task = null;
    if (end.kind === 'lost') return;
    if (end.kind === 'done' && end.value) {
      this.serveNext(term);
      return;
    }
    const reason = end.kind === 'failed' ? end.error.message : 'another controller was elected';
    this.resign(reason);
    this.ports.onStuck(reason);
  }
}
