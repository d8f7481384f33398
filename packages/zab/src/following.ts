import { type Machine } from '@zookafka/base';
import { type LearnerMessage } from '@zookafka/zookeeper-wire';
import {
  type LearnerPhaseEffect,
  type LearnerPhaseInput,
  type PhaseParts,
  type ZabPhases,
} from './phases.ts';
import {
  type ApplicationMessage,
  type PingMessage,
  type ZabEffect,
  type ZabTimer,
} from './types.ts';

type Phase = 'dialing' | 'discovery' | 'synchronization' | 'broadcast';

/**
 * One term of following: dials the leader, takes its messages through discovery, synchronization and broadcast,
 * and gives up when the link closes or is silent for too long.
 */
export class Following {
  /** Why this term is over, or null. */
  endReason: string | null = null;
  epoch = 0;
  readonly leader: number;
  private readonly parts: PhaseParts;
  private readonly phases: Readonly<
    Record<Exclude<Phase, 'dialing'>, Machine<LearnerPhaseInput, LearnerPhaseEffect>>
  >;
  private phase: Phase = 'dialing';
  private link = -1;
  private attempts = 0;
  private heardMs = 0;
  private nowMs = 0;
  private effects: ZabEffect[] = [];

  constructor(parts: PhaseParts, phases: ZabPhases, leader: number) {
    this.parts = parts;
    this.leader = leader;
    this.phases = {
      discovery: phases.learnerDiscovery(parts),
      synchronization: phases.learnerSynchronization(parts),
      broadcast: phases.learnerBroadcast(parts),
    };
  }

  get isServing(): boolean {
    return this.phase === 'broadcast';
  }

  /** Every call begins with this: the time, and where effects go. */
  at(nowMs: number, effects: ZabEffect[]): this {
    this.nowMs = nowMs;
    this.effects = effects;
    return this;
  }

  begin(): void {
    this.heardMs = this.nowMs;
    this.effects.push({ kind: 'setTimer', timer: 'silence', delayMs: this.silenceMsMax });
    this.dial();
  }

  /** The term is over. */
  end(): void {
    if (this.phase !== 'dialing') this.run({ kind: 'end' });
    if (this.link !== -1) this.effects.push({ kind: 'closeLink', link: this.link });
    this.link = -1;
    this.effects.push({ kind: 'cancelTimer', timer: 'silence' });
    this.effects.push({ kind: 'cancelTimer', timer: 'connect' });
  }

  /** A link that this member dialled is open; an answer to an older dial is closed. */
  onLinkOpened(link: number, serverId: number): void {
    if (serverId !== this.leader || this.phase !== 'dialing') {
      this.effects.push({ kind: 'closeLink', link });
      return;
    }
    this.link = link;
    this.heardMs = this.nowMs;
    this.effects.push({ kind: 'cancelTimer', timer: 'connect' });
    this.enter('discovery');
  }

  onLinkRefused(serverId: number): void {
    if (serverId !== this.leader || this.phase !== 'dialing') return;
    if (this.attempts >= this.parts.config.connectAttemptsMax) {
      this.endReason = 'leaderUnreachable';
      return;
    }
    const delayMs = this.parts.config.connectRetryMs;
    this.effects.push({ kind: 'setTimer', timer: 'connect', delayMs });
  }

  onLinkClosed(link: number): void {
    if (link !== this.link) return;
    this.link = -1;
    this.endReason = 'linkToLeaderClosed';
  }

  onMessage(link: number, message: LearnerMessage): void {
    if (link !== this.link) return;
    this.heardMs = this.nowMs;
    switch (message.kind) {
      case 'ping':
        this.onPing({ kind: 'ping', zxid: message.zxid });
        return;
      case 'revalidated':
      case 'sync':
        if (this.isServing) this.giveToApplication(message);
        return;
      default:
        this.run({ kind: 'message', message });
    }
  }

  onDurable(): void {
    if (this.phase !== 'dialing') this.run({ kind: 'durable' });
  }

  onTimer(timer: ZabTimer): void {
    if (timer === 'connect' && this.phase === 'dialing') this.dial();
    if (timer !== 'silence') return;
    const leftMs = this.heardMs + this.silenceMsMax - this.nowMs;
    if (leftMs > 0) this.effects.push({ kind: 'setTimer', timer, delayMs: leftMs });
    else this.endReason = 'leaderSilent';
  }

  send(message: LearnerMessage): void {
    if (this.isServing) this.effects.push({ kind: 'send', link: this.link, message });
  }

  private get silenceMsMax(): number {
    const { config } = this.parts;
    return (this.isServing ? config.syncLimitTicks : config.initLimitTicks) * config.tickMs;
  }

  private dial(): void {
    this.attempts++;
    this.effects.push({ kind: 'openLink', to: this.leader });
  }

  private onPing(message: PingMessage): void {
    if (this.isServing) {
      this.giveToApplication(message);
      return;
    }
    const reply = { kind: 'pingReply', zxid: message.zxid, touched: [] } as const;
    this.effects.push({ kind: 'send', link: this.link, message: reply });
  }

  private giveToApplication(message: ApplicationMessage): void {
    this.effects.push({ kind: 'application', from: 'leader', message });
  }

  private enter(phase: Exclude<Phase, 'dialing'>): void {
    this.phase = phase;
    this.run({ kind: 'begin', link: this.link, epoch: this.epoch });
  }

  private run(input: LearnerPhaseInput): void {
    if (this.phase === 'dialing') return;
    const { effects } = this;
    const start = effects.length;
    this.phases[this.phase].step(input, this.nowMs, effects);
    // From the first effect on that concerns the term, each is taken in its order.
    for (let index = start; index < effects.length; index++) {
      if (!isOfTerm(effects[index] as LearnerPhaseEffect)) continue;
      for (const effect of effects.splice(index)) this.take(effect);
      return;
    }
  }

  private take(effect: LearnerPhaseEffect): void {
    switch (effect.kind) {
      case 'giveUp':
        this.endReason ??= effect.reason;
        return;
      case 'discovered':
        this.epoch = effect.epoch;
        this.enter('synchronization');
        return;
      case 'upToDate':
        this.enter('broadcast');
        this.effects.push({ kind: 'setTimer', timer: 'silence', delayMs: this.silenceMsMax });
        return;
      default:
        this.effects.push(effect);
    }
  }
}

function isOfTerm({ kind }: LearnerPhaseEffect): boolean {
  return kind === 'giveUp' || kind === 'discovered' || kind === 'upToDate';
}
