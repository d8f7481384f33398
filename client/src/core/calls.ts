import { TimerQueue } from '@zookafka/base';
import { type Cluster, refusalOf } from './cluster.ts';
import { Coordinator } from './coordinator.ts';
import { type Links } from './links.ts';
import { type Address, type CallTarget, type ClientEffect, type ClientInput } from './types.ts';
import { errorCodes, isRetriableError } from '@zookafka/kafka-wire';

type CallCommand = Extract<ClientInput, { kind: 'call' }>;

interface Call extends CallCommand {
  readonly giveUpAtMs: number;
}

interface Place {
  readonly id: number;
  readonly address: Address;
}

/** What `Calls` works with. Times in ms. */
export interface CallsParts {
  readonly links: Links;
  readonly cluster: Cluster;
  readonly requestTimeoutMs: number;
}

const retryBackoffMs = 100;

/**
 * An administrator's calls: each is sent once, to whom it must be sent. While a cluster has no controller, or a
 * group no coordinator, the call waits for one as long as for an answer.
 */
export class Calls {
  private readonly parts: CallsParts;
  private readonly later = new TimerQueue<Call>();

  constructor(parts: CallsParts) {
    this.parts = parts;
  }

  nextDueMs(): number | undefined {
    return this.later.nextDueMs;
  }

  call(command: CallCommand, nowMs: number, effects: ClientEffect[]): void {
    const giveUpAtMs = nowMs + this.parts.requestTimeoutMs;
    this.place({ ...command, giveUpAtMs }, nowMs, effects);
  }

  onTimer(nowMs: number, effects: ClientEffect[]): void {
    for (
      let call = this.later.takeDue(nowMs);
      call !== undefined;
      call = this.later.takeDue(nowMs)
    ) {
      this.place(call, nowMs, effects);
    }
  }

  /** Fails what waits for its target. */
  close(effects: ClientEffect[]): void {
    for (let call = this.later.takeDue(Infinity); call !== undefined;) {
      this.fail(call, errorCodes.BROKER_NOT_AVAILABLE, effects);
      call = this.later.takeDue(Infinity);
    }
  }

  private place(call: Call, nowMs: number, effects: ClientEffect[]): void {
    const { target } = call;
    const { cluster } = this.parts;
    if (target.kind === 'groupCoordinator') {
      const coordinator = new Coordinator({ ...this.parts, group: target.group });
      coordinator.find(nowMs, effects, (found, atMs, out) => {
        if (found.kind === 'found') this.send(call, found, atMs, out);
        else this.retry(call, found.errorCode, atMs, out);
      });
      return;
    }
    // A look at the metadata passes over brokers that are down.
    cluster.refresh(nowMs, effects, (refusal, atMs, out) => {
      if (target.kind === 'any' && refusal === undefined) {
        this.send(call, { id: -1, address: cluster.anyBroker() }, atMs, out);
        return;
      }
      const id = target.kind === 'broker' ? target.id : cluster.controllerId;
      const address = refusal === undefined ? cluster.brokers.get(id) : undefined;
      const isElected = target.kind !== 'controller' || refusal !== undefined;
      if (address !== undefined) this.send(call, { id, address }, atMs, out);
      else if (isElected) this.fail(call, errorCodes.BROKER_NOT_AVAILABLE, out);
      else this.retry(call, errorCodes.LEADER_NOT_AVAILABLE, atMs, out);
    });
  }

  private retry(call: Call, errorCode: number, nowMs: number, effects: ClientEffect[]): void {
    const atMs = nowMs + retryBackoffMs;
    if (isRetriableError(errorCode) && atMs < call.giveUpAtMs) this.later.set(call, atMs);
    else this.fail(call, errorCode, effects);
  }

  private send(
    { token, api, body }: Call,
    { id, address }: Place,
    nowMs: number,
    effects: ClientEffect[],
  ): void {
    this.parts.links.request(
      address,
      {
        api,
        body,
        timeoutMs: this.parts.requestTimeoutMs,
        onOutcome: (outcome, _, out) => {
          if (outcome.kind === 'answered') {
            const answered = { kind: 'answered' as const, body: outcome.body, from: id };
            out.push({ kind: 'called', token, outcome: answered });
            return;
          }
          const message = `Cannot ask ${address.host}:${address.port}: ${outcome.reason}`;
          const refusal = { code: 'NO_ANSWER', message };
          const isUnknown = outcome.kind === 'unknown';
          out.push({ kind: 'called', token, outcome: { kind: 'failed', refusal, isUnknown } });
        },
      },
      nowMs,
      effects,
    );
  }

  private fail({ token, target }: Call, errorCode: number, effects: ClientEffect[]): void {
    const refusal = refusalOf(errorCode, `Cannot reach ${describe(target)}`);
    effects.push({ kind: 'called', token, outcome: { kind: 'failed', refusal, isUnknown: false } });
  }
}

function describe(target: CallTarget): string {
  if (target.kind === 'broker') return `broker ${target.id}`;
  if (target.kind === 'groupCoordinator') return `the coordinator of group ${target.group}`;
  return target.kind === 'controller' ? 'the controller' : 'any broker';
}
