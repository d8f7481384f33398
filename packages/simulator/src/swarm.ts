import { type Prng } from '@zookafka/base';

/** The sorts of faults. A bounce is a kill and a start before anybody can have noticed. */
export const faultKinds = [
  'delay',
  'loss',
  'duplicate',
  'reorder',
  'linkCut',
  'oneWayPartition',
  'partition',
  'kill',
  'bounce',
  'powerCut',
  'brokerPowerCut',
  'pause',
  'slowDisk',
] as const;

export type FaultKind = (typeof faultKinds)[number];

/** What happens now and then to a process or to the network, as against each single message. */
export type StrikeKind =
  | 'linkCut'
  | 'oneWayPartition'
  | 'partition'
  | 'kill'
  | 'bounce'
  | 'powerCut'
  | 'brokerPowerCut'
  | 'pause';

/** How many of a hundred seeds have so many. */
type CountWeights = readonly (readonly [count: number, weight: number])[];

const memberCountWeights: CountWeights = [
  [1, 8],
  [3, 72],
  [5, 20],
];
const brokerCountWeights: CountWeights = [
  [0, 15],
  [1, 7],
  [2, 13],
  [3, 65],
];

/** What the faults of one seed are: each seed draws its own, so that some are calm where others are brutal. */
export class Swarm {
  readonly memberCount: number;
  /** 0: the ensemble alone. */
  readonly brokerCount: number;
  /** How long a client of the ensemble thinks between two requests, and a producer between two records, at most. */
  readonly thinkMsMax: number;
  readonly producePauseMsMax: number;
  readonly delayMsMin: number;
  readonly delayMsMax: number;
  readonly slowPermille: number;
  readonly votesLostPermille: number;
  readonly votesDoubledPermille: number;
  readonly votesLatePermille: number;
  readonly diskMsMax: number;
  readonly slowDiskPermille: number;
  /** How often something happens to a process or to the network, in ms. */
  readonly faultEveryMs: number;
  readonly weights: Readonly<Record<StrikeKind, number>>;
  /** Somebody stays dead while the others must recover. */
  readonly isOneLeftDead: boolean;
  readonly counts = new Map<FaultKind, number>();

  constructor(prng: Prng) {
    const rate = (max: number): number => (prng.chance(300) ? 0 : prng.below(max));
    this.memberCount = weighted(prng, memberCountWeights);
    this.brokerCount = weighted(prng, brokerCountWeights);
    this.thinkMsMax = prng.between(50, 300);
    this.producePauseMsMax = prng.between(60, 400);
    this.delayMsMin = prng.below(2);
    this.delayMsMax = prng.between(2, 12);
    this.slowPermille = rate(20);
    this.votesLostPermille = rate(200);
    this.votesDoubledPermille = rate(200);
    this.votesLatePermille = rate(200);
    this.diskMsMax = prng.between(1, 8);
    this.slowDiskPermille = rate(100);
    this.faultEveryMs = prng.between(300, 2500);
    this.weights = {
      linkCut: rate(10),
      oneWayPartition: rate(6),
      partition: rate(6),
      kill: rate(10),
      bounce: rate(6),
      powerCut: rate(8),
      brokerPowerCut: rate(12),
      pause: rate(6),
    };
    this.isOneLeftDead = prng.chance(400);
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

function weighted(prng: Prng, weights: CountWeights): number {
  let draw = prng.below(weights.reduce((sum, [, weight]) => sum + weight, 0));
  for (const [count, weight] of weights) {
    draw -= weight;
    if (draw < 0) return count;
  }
  return 0;
}
