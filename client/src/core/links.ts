import { assert, TimerQueue } from '@zookafka/base';
import { type Address, type ClientEffect, type LinkInput } from './types.ts';
import { type ApiName, type RequestBody, type ResponseOf } from '@zookafka/kafka-wire';
import { type ApiVersions, commonVersion, versionsOf } from './wire.ts';

/**
 * What became of a request. `unknown`: it was sent and no answer came, so it may have been carried out or not;
 * `notSent`: it surely was not.
 */
export type Outcome<Api extends ApiName> =
  | { readonly kind: 'answered'; readonly body: ResponseOf<Api>; readonly version: number }
  | { readonly kind: 'unknown'; readonly reason: string }
  | { readonly kind: 'notSent'; readonly reason: string };

/** One request on its way; `onOutcome` is called once, in a later step. */
export interface LinkRequest<Api extends ApiName> {
  readonly api: Api;
  readonly body: RequestBody<Api>;
  /** How long an answer is waited for, in ms. */
  readonly timeoutMs: number;
  readonly expectsResponse?: boolean;
  readonly onOutcome: (outcome: Outcome<Api>, nowMs: number, effects: ClientEffect[]) => void;
}

interface Pending {
  readonly correlationId: number;
  readonly request: LinkRequest<ApiName>;
  version: number;
  isSent: boolean;
}

interface Link {
  readonly id: number;
  readonly address: Address;
  state: 'opening' | 'negotiating' | 'ready' | 'closed';
  ranges: ApiVersions;
  readonly pending: Map<number, Pending>;
}

/** Requests that wait on one link: more are refused, so that a broker that hangs costs bounded memory. */
const pendingCountMax = 10_000;

/**
 * The connections of one client: opened when they are needed, the versions of each negotiated first
 * (ApiVersions), each request answered once or given up at its deadline.
 */
export class Links {
  private readonly links = new Map<string, Link>();
  private readonly byId = new Map<number, Link>();
  private readonly deadlines = new TimerQueue<Pending>();
  private readonly linkOf = new Map<Pending, Link>();
  private linkNext = 1;
  private correlationNext = 1;

  /** When the next request gives up, or undefined. */
  get nextDueMs(): number | undefined {
    return this.deadlines.nextDueMs;
  }

  /** Sends a request as soon as the link to `address` is ready, opening it where needed. */
  request<Api extends ApiName>(
    address: Address,
    request: LinkRequest<Api>,
    nowMs: number,
    effects: ClientEffect[],
  ): void {
    const link = this.linkTo(address, effects);
    const pending: Pending = {
      correlationId: this.correlationNext,
      request: request as unknown as LinkRequest<ApiName>,
      version: -1,
      isSent: false,
    };
    this.correlationNext = (this.correlationNext % 0x7fff_ffff) + 1;
    link.pending.set(pending.correlationId, pending);
    this.linkOf.set(pending, link);
    this.deadlines.set(pending, nowMs + request.timeoutMs);
    if (link.pending.size > pendingCountMax) {
      this.settle(pending, { kind: 'notSent', reason: 'too many requests wait' }, nowMs, effects);
    } else if (link.state === 'ready') this.send(link, pending, nowMs, effects);
  }

  step(input: LinkInput, nowMs: number, effects: ClientEffect[]): void {
    const link = this.byId.get(input.link);
    // A link that was closed here may still have something to say.
    if (link === undefined) return;
    if (input.kind === 'linkOpened') this.onOpened(link, effects);
    else if (input.kind === 'linkClosed') this.onClosed(link, input.reason, nowMs, effects);
    else this.onResponse(link, input, nowMs, effects);
  }

  /** Gives up requests whose time is over. */
  onTimer(nowMs: number, effects: ClientEffect[]): void {
    for (
      let pending = this.deadlines.takeDue(nowMs);
      pending !== undefined;
      pending = this.deadlines.takeDue(nowMs)
    ) {
      const link = this.linkOf.get(pending);
      const { api, timeoutMs } = pending.request;
      const reason = `no answer to ${api} within ${timeoutMs} ms`;
      // Answers come in order: behind one that does not come, none will.
      if (link !== undefined) this.close(link, reason, nowMs, effects);
      if (this.linkOf.has(pending))
        this.settle(pending, { kind: 'notSent', reason }, nowMs, effects);
    }
  }

  /** Closes everything; what is under way ends as unknown. */
  closeAll(nowMs: number, effects: ClientEffect[]): void {
    for (const link of [...this.byId.values()])
      this.close(link, 'the client closed', nowMs, effects);
  }

  private linkTo(address: Address, effects: ClientEffect[]): Link {
    const key = `${address.host}:${address.port}`;
    const existing = this.links.get(key);
    if (existing !== undefined) return existing;
    const link: Link = {
      id: this.linkNext++,
      address,
      state: 'opening',
      ranges: new Map(),
      pending: new Map(),
    };
    this.links.set(key, link);
    this.byId.set(link.id, link);
    effects.push({ kind: 'openLink', link: link.id, ...address });
    return link;
  }

  private onOpened(link: Link, effects: ClientEffect[]): void {
    assert(link.state === 'opening', 'A link opens once', { link: link.id });
    link.state = 'negotiating';
    effects.push({
      kind: 'sendRequest',
      link: link.id,
      correlationId: 0,
      api: 'apiVersions',
      version: 3,
      body: { clientSoftwareName: 'zookafka', clientSoftwareVersion: '0.1.0' },
      expectsResponse: true,
    });
  }

  private onResponse(
    link: Link,
    { correlationId, body }: Extract<LinkInput, { kind: 'response' }>,
    nowMs: number,
    effects: ClientEffect[],
  ): void {
    if (correlationId === 0) {
      link.ranges = versionsOf(body as ResponseOf<'apiVersions'>);
      link.state = 'ready';
      for (const pending of [...link.pending.values()]) this.send(link, pending, nowMs, effects);
      return;
    }
    const pending = link.pending.get(correlationId);
    if (pending === undefined) {
      this.close(link, `an answer to nothing that was asked (${correlationId})`, nowMs, effects);
      return;
    }
    this.settle(pending, { kind: 'answered', body, version: pending.version }, nowMs, effects);
  }

  private send(link: Link, pending: Pending, nowMs: number, effects: ClientEffect[]): void {
    const { api, body, expectsResponse = true } = pending.request;
    const version = commonVersion(api, link.ranges);
    if (version === undefined) {
      const reason = `${link.address.host}:${link.address.port} serves no version of ${api} that this client speaks`;
      this.settle(pending, { kind: 'notSent', reason }, nowMs, effects);
      return;
    }
    pending.version = version;
    pending.isSent = true;
    const { correlationId } = pending;
    effects.push({
      kind: 'sendRequest',
      link: link.id,
      correlationId,
      api,
      version,
      body,
      expectsResponse,
    });
    if (!expectsResponse) {
      const nothing = {} as ResponseOf<ApiName>;
      this.settle(pending, { kind: 'answered', body: nothing, version }, nowMs, effects);
    }
  }

  private onClosed(link: Link, reason: string, nowMs: number, effects: ClientEffect[]): void {
    if (link.state === 'closed') return;
    link.state = 'closed';
    this.byId.delete(link.id);
    this.links.delete(`${link.address.host}:${link.address.port}`);
    for (const pending of [...link.pending.values()]) {
      const kind = pending.isSent ? 'unknown' : 'notSent';
      this.settle(pending, { kind, reason }, nowMs, effects);
    }
  }

  private close(link: Link, reason: string, nowMs: number, effects: ClientEffect[]): void {
    if (link.state === 'closed') return;
    effects.push({ kind: 'closeLink', link: link.id });
    this.onClosed(link, reason, nowMs, effects);
  }

  private settle(
    pending: Pending,
    outcome: Outcome<ApiName>,
    nowMs: number,
    effects: ClientEffect[],
  ): void {
    this.linkOf.get(pending)?.pending.delete(pending.correlationId);
    this.linkOf.delete(pending);
    this.deadlines.cancel(pending);
    pending.request.onOutcome(outcome, nowMs, effects);
  }
}
