import { faultKinds } from '@zookafka/simulator';
import { type SeedDone, type SeedResult, type SeedViolated } from './seedResult.ts';

const operationsMin = 100;
/** With fewer seeds it is chance which faults they show. */
const seedsForAllFaultsMin = 20;

/** Adds up what seeds did, and says what is wrong with it. */
export class Summary {
  readonly violated: SeedViolated[] = [];
  readonly idle: number[] = [];
  seedCount = 0;
  private operations = 0;
  private records = 0;
  private elections = 0;
  private events = 0;
  private simulatedMs = 0;
  private readonly faults = new Map<string, number>(faultKinds.map((kind) => [kind, 0]));
  private readonly clusters = new Map<string, number>();

  add(result: SeedResult): void {
    this.seedCount++;
    if (result.kind === 'violated') this.violated.push(result);
    else this.addDone(result);
  }

  /** What must not be, each in a sentence; empty when all is well. */
  get failures(): readonly string[] {
    const failures: string[] = [];
    const { violated, idle, unseenFaults } = this;
    if (violated.length > 0) failures.push(`${violated.length} seeds broke a rule`);
    if (idle.length > 0) {
      failures.push(
        `seeds with under ${operationsMin} acknowledged operations: ${idle.join(', ')}`,
      );
    }
    if (this.seedCount >= seedsForAllFaultsMin && unseenFaults.length > 0) {
      failures.push(`faults that no seed showed: ${unseenFaults.join(', ')}`);
    }
    return failures;
  }

  /** Simulated time by real time so far. */
  speed(elapsedMs: number): number {
    return Math.round((this.simulatedMs / Math.max(1, elapsedMs)) * 10) / 10;
  }

  /** All figures, for one line of JSON. */
  figures(elapsedMs: number): object {
    return {
      seeds: this.seedCount,
      violations: this.violated.length,
      violatedSeeds: this.violated.map(({ seed }) => seed),
      operations: this.operations,
      records: this.records,
      elections: this.elections,
      events: this.events,
      faults: Object.fromEntries(this.faults),
      clusters: Object.fromEntries([...this.clusters].sort()),
      simulatedSeconds: Math.round(this.simulatedMs / 1000),
      realSeconds: Math.round(elapsedMs / 100) / 10,
      simulatedPerReal: this.speed(elapsedMs),
    };
  }

  private get unseenFaults(): readonly string[] {
    return [...this.faults].filter(([, count]) => count === 0).map(([kind]) => kind);
  }

  private addDone(done: SeedDone): void {
    if (done.ackedOperations < operationsMin) this.idle.push(done.seed);
    this.operations += done.ackedOperations;
    this.records += done.ackedRecords;
    this.elections += done.elections;
    this.events += done.eventCount;
    this.simulatedMs += done.simulatedMs;
    for (const [kind, count] of done.faults) {
      this.faults.set(kind, (this.faults.get(kind) ?? 0) + count);
    }
    const cluster = `${done.memberCount} members, ${done.brokerCount} brokers`;
    this.clusters.set(cluster, (this.clusters.get(cluster) ?? 0) + 1);
  }
}
