import { type Prng } from '@zookafka/base';

/** The sorts of faults. */
export const faultKinds = [
  'delay',
  'loss',
  'duplicate',
  'linkCut',
  'oneWayPartition',
  'partition',
  'kill',
  'powerCut',
  'pause',
  'slowDisk',
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** What the faults of one seed are: each seed draws its own, so that some are calm where others are brutal. */
export class Swarm {
  readonly delayMsMin: number;
  readonly delayMsMax: number;
  readonly slowPermille: number;
  readonly votesLostPermille: number;
  readonly votesDoubledPermille: number;
  readonly diskMsMax: number;
  readonly slowDiskPermille: number;
  /** How often something happens to a process or to the network, in ms. */
  readonly faultEveryMs: number;
  readonly weights: Readonly<
    Record<'linkCut' | 'oneWayPartition' | 'partition' | 'kill' | 'powerCut' | 'pause', number>
  >;
  readonly counts = new Map<FaultKind, number>();

  constructor(prng: Prng) {
    const rate = (max: number): number => (prng.chance(300) ? 0 : prng.below(max));
    this.delayMsMin = prng.below(2);
    this.delayMsMax = prng.between(2, 12);
    this.slowPermille = rate(20);
    this.votesLostPermille = rate(200);
    this.votesDoubledPermille = rate(200);
    this.diskMsMax = prng.between(1, 10);
    this.slowDiskPermille = rate(100);
    this.faultEveryMs = prng.between(300, 2500);
    this.weights = {
      linkCut: rate(10),
      oneWayPartition: rate(6),
      partition: rate(6),
      kill: rate(10) + 1,
      powerCut: rate(8),
      pause: rate(6),
    };
  }

  count(kind: FaultKind): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }

  /** The options of this seed, to be printed beside it. */
  get text(): string {
    return JSON.stringify(this, (name: string, value: unknown) =>
      name === 'counts' ? undefined : value,
    );
  }
}
