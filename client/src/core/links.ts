import { assert, TimerQueue } from '@zookafka/base';
import { type Address, type ClientEffect, type LinkInput } from './types.ts';
import {
  type ApiName,
  apis,
  errorName,
  type RequestBody,
  type ResponseOf,
} from '@zookafka/kafka-wire';
import { type ApiVersions, commonVersion, versionsOf } from './wire.ts';

/**
 * What became of a request. `unknown`: it was sent and no answer came, so it may have been carried out or not;
 * `notSent`: it surely was not.
 */
export type Outcome<Api extends ApiName> =
  | { readonly kind: 'answered'; readonly body: ResponseOf<Api>; readonly version: number }
  | { readonly kind: 'unknown'; readonly reason: string }
  | { readonly kind: 'notSent'; readonly reason: string };

/**
 * Which of a broker's connections a request takes: a broker answers one after the other, so what may wait long
 * (a Fetch, a Produce, a JoinGroup) keeps what may not (Metadata, a heartbeat, a commit) off its own.
 */
export type Lane = 'data' | 'metadata' | 'group' | 'join';

/** One request on its way; `onOutcome` is called once, never before `request` has returned. */
export interface LinkRequest<Api extends ApiName> {
  readonly api: Api;
  readonly body: RequestBody<Api>;
  /** How long an answer is waited for, in ms. */
  readonly timeoutMs: number;
  readonly expectsResponse?: boolean;
  /** Left out: `data`. */
  readonly lane?: Lane;
  /** The highest version that the body can be written in; left out, any. */
  readonly versionMax?: number;
  readonly onOutcome: (outcome: Outcome<Api>, nowMs: number, effects: ClientEffect[]) => void;
}

interface Pending {
  readonly correlationId: number;
  readonly request: LinkRequest<ApiName>;
  readonly link: Link;
  version: number;
  isSent: boolean;
  isSettled: boolean;
}

interface Link {
  readonly id: number;
  readonly key: string;
  readonly address: Address;
  state: 'opening' | 'negotiating' | 'ready' | 'closed';
  /** In which version ApiVersions was asked. */
  versionAsked: number;
  ranges: ApiVersions;
  readonly pending: Map<number, Pending>;
}

/** Requests that wait on one link: more are refused, so that a broker that hangs costs bounded memory. */
const pendingCountMax = 10_000;
/** The version of ApiVersions that is tried first: brokers since 2.4 know it, others say what they know. */
const versionsVersionFirst = 3;
const negotiationId = 0;

/**
 * The connections of one client: opened when they are needed, the versions of each negotiated first
 * (ApiVersions), each request answered once or given up at its deadline.
 *
 *     opening ── linkOpened ──▶ negotiating ── ApiVersions ──▶ ready
 *        └───────── linkClosed, a deadline, nonsense ───────────┴──▶ closed: sent ones are unknown, others not sent
 */
export class Links {
  private readonly links = new Map<string, Link>();
  private readonly byId = new Map<number, Link>();
  private readonly deadlines = new TimerQueue<Pending>();
  /** Ended before they were sent, or without an answer to come: told when the step's own work is done. */
  private early: { readonly pending: Pending; readonly outcome: Outcome<ApiName> }[] = [];
  private linkNext = 1;
  private correlationNext = 1;
  private isClosed = false;

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
    const link = this.linkTo(address, request.lane ?? 'data', effects);
    const pending: Pending = {
      correlationId: this.correlationNext,
      request: request as unknown as LinkRequest<ApiName>,
      link,
      version: -1,
      isSent: false,
      isSettled: false,
    };
    this.correlationNext = (this.correlationNext % 0x7fff_ffff) + 1;
    if (link.state === 'closed') this.endEarly(pending, 'the client closed');
    else if (link.pending.size >= pendingCountMax) {
      this.endEarly(pending, `${pendingCountMax} requests wait already`);
    } else {
      link.pending.set(pending.correlationId, pending);
      this.deadlines.set(pending, nowMs + request.timeoutMs);
      if (link.state === 'ready') this.send(pending, effects);
    }
  }

  step(input: LinkInput, nowMs: number, effects: ClientEffect[]): void {
    const link = this.byId.get(input.link);
    // A link that was closed here may still have something to say.
    if (link === undefined) return;
    if (input.kind === 'linkOpened') {
      assert(link.state === 'opening', 'A link opens once', { link: link.id });
      this.negotiate(link, versionsVersionFirst, effects);
    } else if (input.kind === 'linkClosed') this.onClosed(link, input.reason, nowMs, effects);
    else this.onResponse(link, input, nowMs, effects);
  }

  /** Gives up requests whose time is over. */
  onTimer(nowMs: number, effects: ClientEffect[]): void {
    for (
      let pending = this.deadlines.takeDue(nowMs);
      pending !== undefined;
      pending = this.deadlines.takeDue(nowMs)
    ) {
      const { api, timeoutMs } = pending.request;
      // Answers come in order: behind one that does not come, none will.
      this.close(pending.link, `no answer to ${api} within ${timeoutMs} ms`, nowMs, effects);
    }
  }

  /** Tells of what ended inside `request`: to be called when the step's own work is done. */
  settleEarly(nowMs: number, effects: ClientEffect[]): void {
    while (this.early.length > 0) {
      const early = this.early;
      this.early = [];
      for (const { pending, outcome } of early) this.settle(pending, outcome, nowMs, effects);
    }
  }

  /** Closes everything for good; what is under way ends as unknown, what is asked later as not sent. */
  closeAll(nowMs: number, effects: ClientEffect[]): void {
    this.isClosed = true;
    for (const link of [...this.byId.values()])
      this.close(link, 'the client closed', nowMs, effects);
    this.settleEarly(nowMs, effects);
  }

  private linkTo(address: Address, lane: Lane, effects: ClientEffect[]): Link {
    const key = `${lane} ${address.host}:${address.port}`;
    const existing = this.links.get(key);
    if (existing !== undefined) return existing;
    const link: Link = {
      id: this.linkNext++,
      key,
      address,
      state: this.isClosed ? 'closed' : 'opening',
      versionAsked: 0,
      ranges: new Map(),
      pending: new Map(),
    };
    if (this.isClosed) return link;
    this.links.set(key, link);
    this.byId.set(link.id, link);
    effects.push({ kind: 'openLink', link: link.id, host: address.host, port: address.port });
    return link;
  }

  private negotiate(link: Link, version: number, effects: ClientEffect[]): void {
    link.state = 'negotiating';
    link.versionAsked = version;
    effects.push({
      kind: 'sendRequest',
      link: link.id,
      correlationId: negotiationId,
      api: 'apiVersions',
      version,
      body: { clientSoftwareName: 'zookafka', clientSoftwareVersion: '0.1.0' },
      expectsResponse: true,
    });
  }

  private onVersions(
    link: Link,
    body: ResponseOf<'apiVersions'>,
    nowMs: number,
    effects: ClientEffect[],
  ): void {
    const ranges = versionsOf(body);
    const name = errorName(body.errorCode);
    if (name === 'UNSUPPORTED_VERSION' && link.versionAsked > 0) {
      // An older broker says which versions of this request it knows.
      const versionMax = ranges.get(apis.apiVersions.key)?.max ?? 0;
      this.negotiate(link, Math.max(0, Math.min(versionMax, link.versionAsked - 1)), effects);
    } else if (body.errorCode !== 0) {
      this.close(link, `it refused ApiVersions: ${name}`, nowMs, effects);
    } else {
      link.ranges = ranges;
      link.state = 'ready';
      for (const pending of [...link.pending.values()]) this.send(pending, effects);
    }
  }

  private onResponse(
    link: Link,
    { correlationId, body }: Extract<LinkInput, { kind: 'response' }>,
    nowMs: number,
    effects: ClientEffect[],
  ): void {
    if (correlationId === negotiationId && link.state === 'negotiating') {
      this.onVersions(link, body as ResponseOf<'apiVersions'>, nowMs, effects);
      return;
    }
    const pending = link.pending.get(correlationId);
    if (pending?.isSent !== true) {
      this.close(link, `an answer to nothing that was asked (${correlationId})`, nowMs, effects);
      return;
    }
    this.settle(pending, { kind: 'answered', body, version: pending.version }, nowMs, effects);
  }

  private send(pending: Pending, effects: ClientEffect[]): void {
    const { link, correlationId } = pending;
    const { api, body, expectsResponse = true, versionMax = Infinity } = pending.request;
    const version = commonVersion(api, link.ranges, versionMax);
    if (version === undefined) {
      const { host, port } = link.address;
      this.endEarly(pending, `${host}:${port} serves no version of ${api} that this client speaks`);
      return;
    }
    pending.version = version;
    pending.isSent = true;
    effects.push({
      kind: 'sendRequest',
      link: link.id,
      correlationId,
      api,
      version,
      body,
      expectsResponse,
    });
    if (expectsResponse) return;
    const nothing = {} as ResponseOf<ApiName>;
    this.early.push({ pending, outcome: { kind: 'answered', body: nothing, version } });
  }

  private endEarly(pending: Pending, reason: string): void {
    this.early.push({ pending, outcome: { kind: 'notSent', reason } });
  }

  private onClosed(link: Link, reason: string, nowMs: number, effects: ClientEffect[]): void {
    if (link.state === 'closed') return;
    link.state = 'closed';
    this.byId.delete(link.id);
    this.links.delete(link.key);
    // What needs no answer has left with the link, as far as anybody can know.
    this.settleEarly(nowMs, effects);
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
    if (pending.isSettled) return;
    pending.isSettled = true;
    pending.link.pending.delete(pending.correlationId);
    this.deadlines.cancel(pending);
    pending.request.onOutcome(outcome, nowMs, effects);
  }
}
