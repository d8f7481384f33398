import { type Cluster } from './cluster.ts';
import { type Links } from './links.ts';
import { type Address, type ClientEffect } from './types.ts';
import { errorCodes, errorName, type ResponseOf } from '@zookafka/kafka-wire';

/** A group's coordinator, found; or the error that kept it from being found. */
export type FoundCoordinator =
  | { readonly kind: 'found'; readonly id: number; readonly address: Address }
  | { readonly kind: 'lost'; readonly errorCode: number };

/** Called once when the search ended. */
export type OnFound = (found: FoundCoordinator, nowMs: number, effects: ClientEffect[]) => void;

/** Errors after which the coordinator has to be looked for anew. */
const moves: ReadonlySet<string> = new Set(['NOT_COORDINATOR', 'COORDINATOR_NOT_AVAILABLE']);

/** @returns whether this answer says that the coordinator is somebody else, or nobody */
export function isElsewhere(errorCode: number): boolean {
  return moves.has(errorName(errorCode));
}

/** Finds a group's coordinator: asks a broker that just answered, one request at a time. */
export class Coordinator {
  /** Undefined until it is found, and again when it was forgotten. */
  address: Address | undefined;
  private readonly links: Links;
  private readonly cluster: Cluster;
  private readonly group: string;
  private readonly requestTimeoutMs: number;
  private waiting: OnFound[] = [];

  constructor(parts: {
    readonly links: Links;
    readonly cluster: Cluster;
    readonly group: string;
    readonly requestTimeoutMs: number;
  }) {
    this.links = parts.links;
    this.cluster = parts.cluster;
    this.group = parts.group;
    this.requestTimeoutMs = parts.requestTimeoutMs;
  }

  /** Looks for it, whether it was known or not. */
  find(nowMs: number, effects: ClientEffect[], onFound: OnFound): void {
    this.waiting.push(onFound);
    if (this.waiting.length > 1) return;
    this.address = undefined;
    // The look at the metadata passes over brokers that are down.
    this.cluster.refresh(nowMs, effects, (refusal, atMs, out) => {
      if (refusal === undefined) this.ask(atMs, out);
      else this.finish(lost(errorCodes.BROKER_NOT_AVAILABLE), atMs, out);
    });
  }

  private ask(nowMs: number, effects: ClientEffect[]): void {
    const { group } = this;
    this.links.request(
      this.cluster.anyBroker(),
      {
        api: 'findCoordinator',
        body: { key: group, keyType: 0, coordinatorKeys: [group] },
        timeoutMs: this.requestTimeoutMs,
        lane: 'metadata',
        onOutcome: (outcome, atMs, out) => {
          const found =
            outcome.kind === 'answered'
              ? foundIn(outcome.body)
              : lost(errorCodes.COORDINATOR_NOT_AVAILABLE);
          this.finish(found, atMs, out);
        },
      },
      nowMs,
      effects,
    );
  }

  private finish(found: FoundCoordinator, nowMs: number, effects: ClientEffect[]): void {
    if (found.kind === 'found') this.address = found.address;
    const { waiting } = this;
    this.waiting = [];
    for (const onFound of waiting) onFound(found, nowMs, effects);
  }
}

function foundIn(body: ResponseOf<'findCoordinator'>): FoundCoordinator {
  const { errorCode, nodeId, host, port } = body.coordinators[0] ?? body;
  if (errorCode !== 0) return lost(errorCode);
  if (host === '') return lost(errorCodes.COORDINATOR_NOT_AVAILABLE);
  return { kind: 'found', id: nodeId, address: { host, port } };
}

function lost(errorCode: number): FoundCoordinator {
  return { kind: 'lost', errorCode };
}
