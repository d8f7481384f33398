import { ByteWriter } from '@zookafka/base';
import { TransportError } from '@zookafka/runtime';
import {
  decodeConnectRequest,
  decodeRequestFrame,
  fourLetterWordOf,
  FrameSplitter,
  JuteError,
  writeConnectResponseFrame,
  writeEventFrame,
  writeReplyFrame,
} from '@zookafka/zookeeper-wire';
import { type ClientEffect, type MemberInput } from '../core/index.ts';
import { type ClientLink, type ClientLinkHandlers } from './clientLink.ts';

/** What the port needs. */
export interface ClientPortOptions {
  readonly frameBytesMax: number;
  readonly connectionsPerAddressMax: number;
  readonly submit: (input: MemberInput) => void;
  readonly wallMs: () => number;
  /** Told of a connection that was closed because of what it sent. */
  readonly onRefused: (address: string, reason: string) => void;
}

interface Connection {
  readonly id: number;
  readonly link: ClientLink;
  /** Where the client is, without its port. */
  readonly host: string;
  readonly splitter: FrameSplitter;
  writer: ByteWriter;
  isGreeted: boolean;
  isDirty: boolean;
  isClosing: boolean;
}

const wordBytes = 4;

/**
 * The clients of a member: takes links of both transports, cuts and decodes frames into inputs, encodes what goes
 * to each client and writes it once a turn. Decides nothing.
 */
export class ClientPort {
  private readonly options: ClientPortOptions;
  private readonly connections = new Map<number, Connection>();
  private readonly countByAddress = new Map<string, number>();
  private readonly dirty: Connection[] = [];
  private readonly frames: Uint8Array[] = [];
  private idNext = 1;

  constructor(options: ClientPortOptions) {
    this.options = options;
  }

  /** A connection of a WebSocket, or of plain TCP: there the first bytes may be a four-letter word. */
  accept(link: ClientLink, transport: 'tcp' | 'websocket'): ClientLinkHandlers {
    const { connectionsPerAddressMax, onRefused, frameBytesMax } = this.options;
    const host = hostOf(link.remoteAddress);
    const count = (this.countByAddress.get(host) ?? 0) + 1;
    if (connectionsPerAddressMax > 0 && count > connectionsPerAddressMax) {
      onRefused(
        link.remoteAddress,
        `over ${connectionsPerAddressMax} connections (maxClientCnxns)`,
      );
      link.destroy();
      return { onBytes: () => undefined, onClose: () => undefined };
    }
    this.countByAddress.set(host, count);
    const connection: Connection = {
      id: this.idNext++,
      link,
      host,
      splitter: new FrameSplitter(frameBytesMax),
      writer: new ByteWriter(),
      isGreeted: false,
      isDirty: false,
      isClosing: false,
    };
    this.connections.set(connection.id, connection);
    let mayBeWord = transport === 'tcp';
    let head: Uint8Array = new Uint8Array(0);
    return {
      onBytes: (bytes) => {
        if (!mayBeWord) {
          this.onBytes(connection, bytes);
          return;
        }
        head = head.length === 0 ? bytes : Buffer.concat([head, bytes]);
        if (head.length < wordBytes) return;
        mayBeWord = false;
        this.onHead(connection, head);
      },
      onClose: (error) => {
        this.onClose(connection, error);
      },
    };
  }

  /** Performs an effect that concerns a client; `flush` writes what it brought. */
  perform(effect: ClientEffect): void {
    const connection = this.connections.get(effect.connection);
    if (connection === undefined) return;
    switch (effect.kind) {
      case 'connectResponse':
        writeConnectResponseFrame(this.writerOf(connection), effect.response);
        return;
      case 'reply':
        writeReplyFrame(this.writerOf(connection), effect.reply);
        return;
      case 'event':
        writeEventFrame(this.writerOf(connection), effect.event, effect.zxid);
        return;
      case 'adminReply':
        this.writerOf(connection).utf8(effect.text);
        this.finish(connection);
        return;
      case 'closeConnection':
        if (effect.afterFlush) this.finish(connection);
        else connection.link.destroy();
        return;
      case 'pauseConnection':
        connection.link.pause();
        return;
      case 'resumeConnection':
        connection.link.resume();
    }
  }

  /** One write a connection. */
  flush(): void {
    for (const connection of this.dirty) this.write(connection);
    this.dirty.length = 0;
  }

  closeAll(): void {
    for (const { link } of this.connections.values()) link.destroy();
  }

  private onHead(connection: Connection, head: Uint8Array): void {
    const word = fourLetterWordOf(head);
    if (word !== undefined) {
      this.options.submit({ kind: 'adminQuery', connection: connection.id, word });
      return;
    }
    this.onBytes(connection, head);
  }

  private onBytes(connection: Connection, bytes: Uint8Array): void {
    if (connection.isClosing) return;
    const { frames } = this;
    try {
      connection.splitter.push(bytes, frames);
      for (const frame of frames) this.onFrame(connection, frame);
    } catch (error) {
      if (!(error instanceof JuteError)) throw error;
      this.options.onRefused(connection.link.remoteAddress, error.message);
      connection.isClosing = true;
      connection.link.destroy();
    } finally {
      frames.length = 0;
    }
  }

  private onFrame(connection: Connection, frame: Uint8Array): void {
    const { submit, wallMs } = this.options;
    const { id } = connection;
    if (!connection.isGreeted) {
      const request = decodeConnectRequest(frame);
      connection.isGreeted = true;
      submit({ kind: 'clientConnected', connection: id, address: connection.host });
      submit({ kind: 'connectRequest', connection: id, request, wallMs: wallMs() });
      return;
    }
    const { header, request } = decodeRequestFrame(frame);
    const { xid } = header;
    submit({ kind: 'clientRequest', connection: id, xid, request, frame, wallMs: wallMs() });
  }

  private onClose({ id, host, link, isGreeted }: Connection, error: Error | undefined): void {
    const count = (this.countByAddress.get(host) ?? 1) - 1;
    if (count === 0) this.countByAddress.delete(host);
    else this.countByAddress.set(host, count);
    this.connections.delete(id);
    if (error instanceof TransportError) {
      this.options.onRefused(link.remoteAddress, error.message);
    }
    if (isGreeted) this.options.submit({ kind: 'clientClosed', connection: id });
  }

  private writerOf(connection: Connection): ByteWriter {
    if (!connection.isDirty) {
      connection.isDirty = true;
      this.dirty.push(connection);
    }
    return connection.writer;
  }

  private write(connection: Connection): void {
    connection.isDirty = false;
    const { writer, link } = connection;
    if (writer.length === 0) return;
    if (link.send(writer.view())) writer.reset();
    else connection.writer = new ByteWriter();
  }

  private finish(connection: Connection): void {
    this.write(connection);
    connection.isClosing = true;
    connection.link.close();
  }
}

/** The host of `host:port`; hosts of version 6 have colons of their own. */
function hostOf(remoteAddress: string): string {
  return remoteAddress.slice(0, remoteAddress.lastIndexOf(':'));
}
