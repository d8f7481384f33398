import { type LogConfig, type LogResources } from './segment.ts';

/** What is known of a log before it is opened. */
export interface LogOpening {
  readonly resources: LogResources;
  /** The partition's folder, which exists. */
  readonly directory: string;
  readonly config: LogConfig;
  /** Up to here the files can be trusted, by the checkpoint: 0 when nothing is known. */
  readonly recoveryPoint: number;
  /** By the checkpoint: 0 when nothing is known. */
  readonly logStartOffset: number;
  /** Whether the last owner closed the log. */
  readonly isClean: boolean;
  /** Makes the checkpoints of this log durable: called before a truncation below them. */
  readonly saveCheckpoints: () => void;
}
