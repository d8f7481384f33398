import { type ApplicationMessage } from '@zookafka/zab';

/** What the application layer asks of Zab. */
export interface ZabPort {
  /** The last transaction that was logged here, on disk or on the way there. */
  readonly lastZxid: number;
  /** Whether a transaction can be proposed now. */
  readonly canPropose: boolean;
  nextZxid(): number;
  propose(zxid: number, bytes: Uint8Array): void;
  sendApplication(to: number | 'leader', message: ApplicationMessage): void;
}
