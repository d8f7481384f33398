import { type Prng } from '@zookafka/base';
import { type MetadataImage } from './metadata.ts';
import { type BrokerRules } from './rules.ts';
import { type BrokerConfig, type BrokerEffect } from './types.ts';

/** What the parts of a broker share: settings, rules, the image, and the step that is going on. */
export class BrokerContext {
  readonly config: BrokerConfig;
  readonly rules: BrokerRules;
  readonly image: MetadataImage;
  readonly prng: Prng;
  /** Of this step. */
  nowMs = 0;
  /** The last wall time that an input told. */
  wallMs = 0;
  /** This broker's registration; -1 before the first. */
  brokerEpoch = -1;
  /** The caller's array of this step. */
  effects: BrokerEffect[] = [];
  private tokenLast = 0;

  constructor(options: {
    readonly config: BrokerConfig;
    readonly rules: BrokerRules;
    readonly image: MetadataImage;
    readonly prng: Prng;
  }) {
    this.config = options.config;
    this.rules = options.rules;
    this.image = options.image;
    this.prng = options.prng;
  }

  emit(effect: BrokerEffect): void {
    this.effects.push(effect);
  }

  /** @returns a number that no effect before had */
  nextToken(): number {
    return ++this.tokenLast;
  }

  /** Tells of a change of role, epoch, membership or phase. */
  trace(event: string, facts: Readonly<Record<string, unknown>>): void {
    this.effects.push({ kind: 'trace', event, facts });
  }
}
