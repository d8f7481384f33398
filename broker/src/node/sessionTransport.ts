import { unreachable } from '@zookafka/base';
import { connectTcp, connectWebSocket, type Log } from '@zookafka/runtime';
import { type ZookeeperTransportEffect, type ZookeeperTransportInput } from '../core/index.ts';
import { type ZookeeperSettings } from './configuration.ts';
import { type SessionFile } from './sessionFile.ts';

/** What the transport needs. */
export interface SessionTransportOptions {
  readonly settings: ZookeeperSettings;
  readonly file: SessionFile;
  readonly log: Log;
  readonly submit: (input: ZookeeperTransportInput) => void;
}

interface Link {
  send(bytes: Uint8Array): void;
  destroy(): void;
}

interface LinkHandlers {
  readonly onOpen: () => void;
  readonly onBytes: (bytes: Uint8Array) => void;
  readonly onClose: (error: Error | undefined) => void;
}

const portDefault = 2181;
const path = '/zookeeper';

/** The broker's connection to the ensemble: the same stream over a WebSocket or plain TCP. */
export class SessionTransport {
  private readonly options: SessionTransportOptions;
  private readonly links = new Map<number, Link>();

  constructor(options: SessionTransportOptions) {
    this.options = options;
  }

  perform(effect: ZookeeperTransportEffect): void {
    switch (effect.kind) {
      case 'connect':
        this.connect(effect.connection, effect.host);
        return;
      case 'disconnect':
        this.disconnect(effect.connection);
        return;
      case 'send':
        this.links.get(effect.connection)?.send(effect.bytes);
        return;
      case 'persistSession':
        this.options.file.write(effect.stored);
        return;
      default:
        unreachable(effect);
    }
  }

  stop(): void {
    for (const connection of [...this.links.keys()]) this.disconnect(connection);
  }

  private connect(connection: number, server: string): void {
    const { settings, submit, log } = this.options;
    const isCurrent = (): boolean => this.links.has(connection);
    const handlers: LinkHandlers = {
      onOpen: () => {
        if (isCurrent()) submit({ kind: 'connected', connection });
      },
      onBytes: (bytes) => {
        if (isCurrent()) submit({ kind: 'received', connection, bytes });
      },
      onClose: (error) => {
        if (!this.links.delete(connection)) return;
        log.warn('No connection to the ensemble', { server, reason: error?.message ?? 'closed' });
        submit({ kind: 'disconnected', connection });
      },
    };
    const open = settings.transport === 'tcp' ? openTcp : openWebSocket;
    this.links.set(connection, open(server, settings.connectionTimeoutMs, handlers));
  }

  private disconnect(connection: number): void {
    const link = this.links.get(connection);
    this.links.delete(connection);
    link?.destroy();
  }
}

function openTcp(server: string, timeoutMs: number, handlers: LinkHandlers): Link {
  const { host, port } = addressOf(server);
  const connection = connectTcp(
    { host, port, timeoutMs },
    { onOpen: handlers.onOpen, onData: handlers.onBytes, onClose: handlers.onClose },
  );
  return {
    send: (bytes) => {
      connection.write(bytes);
    },
    destroy: () => {
      // What was sent just before leaves: it may be the closing of the session.
      connection.flush();
      connection.close();
    },
  };
}

function openWebSocket(server: string, timeoutMs: number, handlers: LinkHandlers): Link {
  const { host, port } = addressOf(server);
  const name = host.includes(':') ? `[${host}]` : host;
  const connection = connectWebSocket(
    { url: `ws://${name}:${port}${path}`, timeoutMs },
    { onOpen: handlers.onOpen, onMessage: handlers.onBytes, onClose: handlers.onClose },
  );
  return {
    send: (bytes) => {
      connection.send(bytes);
    },
    destroy: () => {
      if (connection.isOpen) connection.close();
      else connection.terminate();
    },
  };
}

/** The parts of `host:port`, `[address]:port` or `host`. */
function addressOf(server: string): { readonly host: string; readonly port: number } {
  const parts = /^\[?([^\]]+?)\]?(?::(\d+))?$/.exec(server);
  return { host: parts?.[1] ?? server, port: Number(parts?.[2] ?? portDefault) };
}
