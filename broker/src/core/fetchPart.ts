import { type EpochEnd } from '@zookafka/partition-log';
import { type Replica } from './replica.ts';

/** What a reader asks of one partition. */
export interface FetchWanted {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly currentLeaderEpoch: number;
  readonly fetchOffset: number;
  readonly lastFetchedEpoch: number;
  readonly maxBytes: number;
}

/** One partition of a fetch: lives as long as the fetch, or as the session that remembers it. */
export class FetchPart {
  wanted: FetchWanted;
  /** Found anew with each look: another topic may have the name. */
  replica: Replica | undefined;
  errorCode = 0;
  diverging: EpochEnd | undefined;
  /** Where this read ends: nothing at or after it is given. */
  readBound = -1;
  highWatermark = -1;
  logStartOffset = -1;
  chunks: readonly Uint8Array[] = noChunks;
  bytes = 0;
  /** What the session told last: -2 for nothing. */
  toldHighWatermark = -2;
  toldLogStart = -2;
  hasToldError = false;

  constructor(wanted: FetchWanted) {
    this.wanted = wanted;
  }

  /** Forgets what the last look found. */
  reset(): void {
    this.errorCode = 0;
    this.diverging = undefined;
    this.readBound = -1;
    this.highWatermark = -1;
    this.logStartOffset = -1;
    this.chunks = noChunks;
    this.bytes = 0;
  }

  get isReadable(): boolean {
    return this.replica !== undefined && this.wanted.fetchOffset < this.readBound;
  }

  /** Whether an incremental answer has to name it. */
  get hasNews(): boolean {
    return (
      this.bytes > 0 ||
      this.errorCode !== 0 ||
      this.hasToldError ||
      this.diverging !== undefined ||
      this.highWatermark !== this.toldHighWatermark ||
      this.logStartOffset !== this.toldLogStart
    );
  }

  /** The answer is on its way. */
  markTold(): void {
    this.toldHighWatermark = this.highWatermark;
    this.toldLogStart = this.logStartOffset;
    this.hasToldError = this.errorCode !== 0;
  }
}

const noChunks: readonly Uint8Array[] = [];
