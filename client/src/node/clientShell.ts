import { ByteReader, BytesError, Prng } from '@zookafka/base';
import {
  type ApiName,
  decodeResponse,
  decodeResponseHead,
  encodeRequestFrame,
  WireError,
} from '@zookafka/kafka-wire';
import { connectTcp, MachineDriver, type TcpConnection } from '@zookafka/runtime';
import { Client, type ClientConfig, type ClientEffect, type ClientInput } from '../core/index.ts';
import { Frames } from './frames.ts';

/** What a client's machine tells its program. */
export type ClientEvent = Exclude<
  ClientEffect,
  { readonly kind: 'openLink' | 'closeLink' | 'sendRequest' | 'setTimer' }
>;

/** How a shell runs a client. */
export interface ShellOptions {
  readonly config: ClientConfig;
  readonly clientId: string;
  readonly onEvent: (event: ClientEvent) => void;
  /** The machine threw: a bug. */
  readonly onCrash: (error: unknown) => void;
}

interface Link {
  readonly connection: TcpConnection;
  readonly frames: Frames;
  /** What was asked and not answered, by correlation id. */
  readonly asked: Map<number, { readonly api: ApiName; readonly version: number }>;
}

const frameBytesMax = 256 << 20;
const connectTimeoutMs = 5000;
/** A broker that does not read what was written before a connection was closed is not waited for longer. */
const closeTimeoutMs = 1000;

/** Runs a client's machine in a process: sockets, frames, the codec. Decides nothing. */
export class ClientShell {
  private readonly options: ShellOptions;
  private readonly links = new Map<number, Link>();
  private readonly driver: MachineDriver<ClientInput, ClientEffect, 'wake'>;

  constructor(options: ShellOptions) {
    this.options = options;
    const seed = Math.floor(Math.random() * 2 ** 32);
    this.driver = new MachineDriver<ClientInput, ClientEffect, 'wake'>({
      machine: new Client(options.config, new Prng(seed)),
      timerInput: () => ({ kind: 'timer' }),
      perform: (effects) => {
        for (const effect of effects) this.perform(effect);
      },
      onCrash: (error) => {
        this.stop();
        options.onCrash(error);
      },
    });
  }

  submit(input: ClientInput): void {
    this.driver.submit(input);
  }

  /** Closes everything at once. */
  stop(): void {
    this.driver.stop();
    for (const { connection } of this.links.values()) connection.destroy();
    this.links.clear();
  }

  private perform(effect: ClientEffect): void {
    switch (effect.kind) {
      case 'openLink':
        this.open(effect);
        return;
      case 'closeLink':
        this.close(effect.link);
        return;
      case 'sendRequest':
        this.send(effect);
        return;
      case 'setTimer':
        return;
      default:
        this.options.onEvent(effect);
    }
  }

  private open({ link, host, port }: Extract<ClientEffect, { kind: 'openLink' }>): void {
    const connection = connectTcp(
      { host, port, timeoutMs: connectTimeoutMs },
      {
        onOpen: () => {
          this.submit({ kind: 'linkOpened', link });
        },
        onData: (bytes) => {
          this.onData(link, bytes);
        },
        onClose: (error) => {
          this.links.delete(link);
          this.submit({
            kind: 'linkClosed',
            link,
            reason: error?.message ?? 'closed by the broker',
          });
        },
      },
    );
    this.links.set(link, { connection, frames: new Frames(frameBytesMax), asked: new Map() });
  }

  private close(id: number): void {
    const link = this.links.get(id);
    if (link === undefined) return;
    this.links.delete(id);
    link.connection.close();
    setTimeout(() => {
      link.connection.destroy();
    }, closeTimeoutMs).unref();
  }

  private send(effect: Extract<ClientEffect, { kind: 'sendRequest' }>): void {
    const link = this.links.get(effect.link);
    if (link === undefined) return;
    const { api, version, correlationId, expectsResponse } = effect;
    if (expectsResponse) link.asked.set(correlationId, { api, version });
    const { clientId } = this.options;
    const head = { apiVersion: version, correlationId, clientId };
    const chunks = encodeRequestFrame(api, head, effect.body);
    for (const chunk of chunks) link.connection.write(chunk);
  }

  private onData(id: number, bytes: Uint8Array): void {
    const link = this.links.get(id);
    if (link === undefined) return;
    try {
      for (const frame of link.frames.push(bytes)) this.onFrame(id, link, frame);
    } catch (error) {
      if (!isBadAnswer(error)) throw error;
      link.connection.destroy(error);
    }
  }

  private onFrame(id: number, { asked }: Link, frame: Uint8Array): void {
    const correlationId = new ByteReader(frame).int32();
    const question = asked.get(correlationId);
    if (question === undefined)
      throw new RangeError(`Cannot use answer ${correlationId}: nobody asked`);
    asked.delete(correlationId);
    const { api } = question;
    const version = answeredVersion(question, frame);
    const reader = new ByteReader(frame);
    decodeResponseHead(api, version, reader);
    const body = decodeResponse(api, version, reader);
    this.submit({ kind: 'response', link: id, correlationId, body });
  }
}

/** What a broker sent cannot be read: its connection is of no use, but this client goes on. */
function isBadAnswer(error: unknown): error is Error {
  return error instanceof RangeError || error instanceof WireError || error instanceof BytesError;
}

const unsupportedVersion = 35;

/** A broker that does not know our version of ApiVersions answers in version 0, with an error. */
function answeredVersion(
  { api, version }: { readonly api: ApiName; readonly version: number },
  frame: Uint8Array,
): number {
  if (api !== 'apiVersions') return version;
  return new ByteReader(frame, 4).int16() === unsupportedVersion ? 0 : version;
}
