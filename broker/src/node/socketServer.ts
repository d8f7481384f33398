import { ByteReader, clearArray, CodedError } from '@zookafka/base';
import {
  type ApiName,
  apiName,
  apis,
  decodeRequest,
  decodeRequestHead,
  encodeResponseFrame,
  isServed,
  type RequestOf,
  type ResponseBody,
} from '@zookafka/kafka-wire';
import { type Clock, type Log, type TcpConnection, TcpServer } from '@zookafka/runtime';
import { type BrokerEffect, type BrokerInput, type RequestInput } from '../core/index.ts';
import { ClientConnection } from './clientConnection.ts';
import { type SocketSettings } from './configuration.ts';
import { type Address } from './listeners.ts';
import { type ReadBuffers } from './readBuffers.ts';
import { type RequestMemory } from './requestMemory.ts';
import { type ProduceJudge } from './verdicts.ts';

/** What the server needs. */
export interface SocketServerOptions {
  readonly listen: Address;
  readonly settings: SocketSettings;
  /** What the core takes of one connection at once. */
  readonly requestsInFlightMax: number;
  readonly judge: ProduceJudge;
  readonly readBuffers: ReadBuffers;
  /** Requests are put together here. */
  readonly memory: RequestMemory;
  readonly clock: Clock;
  readonly log: Log;
  readonly submit: (input: BrokerInput) => void;
  /** Runs what submits all that one connection brought. */
  readonly gather: (bring: () => void) => void;
}

/** A port that cannot be listened on. */
export class ListenError extends CodedError<{
  readonly code: 'LISTEN_FAILED';
  readonly address: string;
}> {
  override readonly name = 'ListenError';
}

type ClientEffect = Extract<
  BrokerEffect,
  { readonly kind: 'respond' | 'noResponse' | 'closeConnection' }
>;

/** A client that does not read is cut off when so much waits for it: several of the largest answers. */
const bufferedBytesMax = 256 << 20;
const idleCheckMs = 10_000;

/**
 * The port of the broker: cuts and decodes requests into inputs, encodes answers, one write a connection a turn.
 * Decides nothing; what cannot be read costs the connection.
 */
export class SocketServer {
  private readonly options: SocketServerOptions;
  private readonly connections = new Map<number, ClientConnection>();
  private readonly countByHost = new Map<string, number>();
  /** Connections with memory of answers. */
  private readonly lending = new Set<ClientConnection>();
  /** Requests that were submitted, of which nothing is kept but what the tail cache keeps. */
  private submitted: Uint8Array[] = [];
  /** Those that the turn under way has stepped: none between turns. */
  private stepped: Uint8Array[] = [];
  private server: TcpServer | undefined;
  private idleTimer: NodeJS.Timeout | undefined;
  private idLast = 0;

  constructor(options: SocketServerOptions) {
    this.options = options;
  }

  /** @throws {ListenError} naming the address */
  async listen(): Promise<void> {
    const { listen, settings, log } = this.options;
    try {
      this.server = await TcpServer.listen({
        ...listen,
        bufferedBytesMax,
        lendsBytes: true,
        connectionCountMax: settings.connectionCountMax,
        onConnection: (link) => {
          this.accept(link);
        },
        onError: (error) => {
          log.warn('A connection could not be accepted', { error });
        },
      });
    } catch (cause) {
      const address = `${listen.host}:${listen.port}`;
      const { code, message } = cause as NodeJS.ErrnoException;
      const fact = code === 'EADDRINUSE' ? 'the port is in use' : message;
      throw new ListenError(
        { code: 'LISTEN_FAILED', address },
        `Cannot listen on ${address} (listeners): ${fact}`,
        { cause },
      );
    }
    if (settings.idleMsMax > 0) {
      this.idleTimer = setInterval(() => {
        this.closeIdle();
      }, idleCheckMs).unref();
    }
  }

  get port(): number {
    return this.server?.port ?? 0;
  }

  perform(effect: ClientEffect): void {
    const connection = this.connections.get(effect.connection);
    if (connection === undefined) return;
    switch (effect.kind) {
      case 'respond':
        this.respond(connection, effect);
        return;
      case 'noResponse':
        if (connection.onAnswered()) this.readOn(connection);
        return;
      case 'closeConnection':
        this.close(connection, effect.reason);
    }
  }

  /** All that was submitted until now has been stepped; what is submitted from now on has not. */
  onStepped(): void {
    const { stepped } = this;
    this.stepped = this.submitted;
    this.submitted = stepped;
  }

  /** Takes memory back: of requests whose records are in the logs or refused, and of answers that have left. */
  onTurnOver(): void {
    for (const frame of this.stepped) this.options.memory.giveBack(frame);
    clearArray(this.stepped);
    for (const connection of this.lending) {
      if (connection.link.bufferedBytes === 0) this.takeBack(connection);
    }
  }

  /** Accepts nobody, and cuts who is there. */
  async stop(): Promise<void> {
    clearInterval(this.idleTimer);
    for (const { link } of this.connections.values()) link.close();
    await this.server?.stop();
  }

  private accept(link: TcpConnection): void {
    const { settings, requestsInFlightMax, clock, submit, gather, memory } = this.options;
    const { requestBytesMax } = settings;
    const connection = new ClientConnection(
      { id: ++this.idLast, link, nowMs: clock.monotonicMs(), memory },
      { requestBytesMax, inFlightMax: requestsInFlightMax, inFlightBytesMax: requestBytesMax },
    );
    const { id, host } = connection;
    const count = (this.countByHost.get(host) ?? 0) + 1;
    if (count > settings.connectionsPerAddressMax) {
      this.options.log.warn('Too many connections from one address', { host });
      link.destroy();
      return;
    }
    this.countByHost.set(host, count);
    this.connections.set(id, connection);
    const readOn = (): void => {
      this.readOn(connection);
    };
    link.start({
      onData: (bytes) => {
        connection.push(bytes);
        gather(readOn);
      },
      onDrain: () => {
        this.readOn(connection);
      },
      onClose: (error) => {
        this.connections.delete(id);
        this.lending.delete(connection);
        this.countDown(host);
        if (error instanceof CodedError) this.refused(connection, error.message);
        submit({ kind: 'connectionClosed', connection: id });
      },
    });
  }

  private countDown(host: string): void {
    const count = (this.countByHost.get(host) ?? 1) - 1;
    if (count === 0) this.countByHost.delete(host);
    else this.countByHost.set(host, count);
  }

  private readOn(connection: ClientConnection): void {
    if (connection.isClosing) return;
    try {
      for (;;) {
        const frame = connection.nextFrame();
        if (frame === undefined) return;
        const input = this.decode(connection, frame);
        if (keepsNothing(input)) this.submitted.push(frame);
        this.options.submit(input);
      }
    } catch (error) {
      // Whatever a peer sends is refused by name; anything else is a bug.
      if (!(error instanceof CodedError)) throw error;
      this.close(connection, error.message);
    }
  }

  private decode(connection: ClientConnection, frame: Uint8Array): RequestInput {
    const { clock, judge } = this.options;
    const reader = new ByteReader(frame);
    const { apiKey, apiVersion, correlationId, clientId } = decodeRequestHead(reader);
    const name = apiName(apiKey);
    const isKnown = name !== undefined && isServed(name, apiVersion);
    const body = isKnown ? decodeRequest(name, apiVersion, reader) : null;
    connection.activeMs = clock.monotonicMs();
    const isProduce = name === 'produce' && body !== null;
    return {
      kind: 'request',
      connection: connection.id,
      correlationId,
      apiKey,
      apiVersion,
      clientId,
      clientHost: connection.host,
      body,
      wallMs: clock.wallMs(),
      verdicts: isProduce ? judge.judge(body as RequestOf<'produce'>, apiVersion) : undefined,
    };
  }

  private respond(
    connection: ClientConnection,
    { apiKey, apiVersion, correlationId, body }: Extract<ClientEffect, { kind: 'respond' }>,
  ): void {
    const { memory, readBuffers } = this.options;
    const name = apiName(apiKey) as ApiName;
    // A client that asked for a version of ApiVersions that nobody knows can read the first.
    const version = isServed(name, apiVersion) ? apiVersion : 0;
    const head = { apiVersion: version, correlationId };
    const chunks = encodeResponseFrame(name, head, body as ResponseBody<ApiName>);
    const hasRoom = connection.onAnswered();
    // When nothing more is to be said in this turn, whoever waits is woken while we go on.
    if (connection.inFlightCount === 0) connection.link.send(chunks);
    else for (const chunk of chunks) connection.link.write(chunk);
    for (const chunk of chunks) {
      if (!memory.isLent(chunk) && !readBuffers.isLent(chunk.buffer)) continue;
      connection.lent.push(chunk);
      this.lending.add(connection);
    }
    if (hasRoom) this.readOn(connection);
  }

  private takeBack(connection: ClientConnection): void {
    this.lending.delete(connection);
    for (const chunk of connection.lent) {
      this.options.memory.giveBack(chunk);
      this.options.readBuffers.giveBack(chunk.buffer);
    }
    connection.lent = [];
  }

  private close(connection: ClientConnection, reason: string): void {
    if (connection.isClosing) return;
    connection.isClosing = true;
    this.refused(connection, reason);
    connection.link.close();
  }

  private refused({ link }: ClientConnection, reason: string): void {
    this.options.log.warn('A connection was closed', { client: link.remoteAddress, reason });
  }

  private closeIdle(): void {
    const { settings, clock } = this.options;
    const before = clock.monotonicMs() - settings.idleMsMax;
    for (const connection of this.connections.values()) {
      if (connection.inFlightCount > 0 || connection.activeMs > before) continue;
      connection.isClosing = true;
      connection.link.close();
    }
  }
}

/** Whether nothing of the request's bytes is kept once it is stepped, but by the tail cache: of others the core may keep views. */
function keepsNothing({ apiKey }: RequestInput): boolean {
  return apiKey === apis.produce.key || apiKey === apis.fetch.key;
}
