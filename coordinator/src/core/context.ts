import { type ZabRole } from '@zookafka/zab';
import { type DataTree } from './dataTree.ts';
import { type MemberRules } from './rules.ts';
import { MemberStats } from './stats.ts';
import { type MemberConfig, type MemberEffect } from './types.ts';
import { WatchTables } from './watches.ts';

/**
 * What the parts of one member share: the tree, the step that is under way, and what the member now is.
 */
export class MemberContext {
  readonly config: MemberConfig;
  readonly rules: MemberRules;
  readonly watches = new WatchTables();
  readonly stats = new MemberStats();
  /** Another one after a snapshot was installed. */
  tree: DataTree;
  /** The last transaction that the tree contains. */
  lastZxid: number;
  isServing = false;
  role: ZabRole = 'looking';
  leader: number | null = null;
  epoch = 0;
  /** Monotonic time of this step. */
  nowMs = 0;
  /** Where this step's effects go. */
  effects: MemberEffect[] = [];
  private wallMsAhead = 0;

  constructor(parts: ContextParts) {
    this.config = parts.config;
    this.rules = parts.rules;
    this.tree = parts.tree;
    this.lastZxid = parts.lastZxid;
  }

  /** Wall time of this step, from the last one that the shell told. */
  get wallMs(): number {
    return Math.round(this.nowMs + this.wallMsAhead);
  }

  /** The shell looked at the wall clock. */
  noteWall(wallMs: number): void {
    this.wallMsAhead = wallMs - this.nowMs;
  }

  emit(effect: MemberEffect): void {
    this.effects.push(effect);
  }

  trace(event: string, facts: Readonly<Record<string, unknown>>): void {
    this.effects.push({ kind: 'trace', event, facts });
  }
}

/** What a context begins with. */
export interface ContextParts {
  readonly config: MemberConfig;
  readonly rules: MemberRules;
  readonly tree: DataTree;
  readonly lastZxid: number;
}
