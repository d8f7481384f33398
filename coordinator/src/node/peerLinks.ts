import { ByteWriter } from '@zookafka/base';
import {
  connectWebSocket,
  type WebSocketConnection,
  type WebSocketHandlers,
} from '@zookafka/runtime';
import {
  decodePeerMessages,
  encodePeerMessage,
  JuteError,
  type PeerHello,
  type PeerMessage,
  zabProtocolVersion,
} from '@zookafka/zookeeper-wire';

/** Which ensemble a member is of, and who it is. */
export interface PeerIdentity {
  readonly serverId: number;
  /** null while it is empty: then it adopts that of the first member that has one. */
  ensembleId: string | null;
  /**
   * Whether the disk knows it. A leader stores the name that it gave only when a peer has it too: a name that one dead
   * member alone knew would shut that member out of the ensemble that the others then name.
   */
  isStored: boolean;
}

/** What a link between members tells once both have said who they are. */
export interface PeerLinkHandlers {
  readonly onReady: (link: PeerLink) => void;
  readonly onMessages: (messages: readonly PeerMessage[], link: PeerLink) => void;
  /** `wasReady`: whether `onReady` was called before. */
  readonly onClose: (wasReady: boolean) => void;
}

/** What all links of a member share. */
export interface PeerLinkContext {
  readonly identity: PeerIdentity;
  readonly serverIds: ReadonlySet<number>;
  /** A peer is of an ensemble, and this member is of it too now, or said so before and knows now that a peer does. */
  readonly onAdopted: (ensembleId: string) => void;
  /** Told why a peer is refused. */
  readonly onRefused: (address: string, reason: string) => void;
}

/** The longest message, a turn's proposals or a slice of a snapshot, and how much may wait for a peer. */
export const peerLimits = { messageBytesMax: 64 << 20, bufferedBytesMax: 512 << 20 };
/** How long a peer may take to answer and to say who it is. */
const helloMsMax = 5000;

/**
 * One WebSocket between two members: each says first who it is; a peer of another ensemble, protocol or unknown id
 * is refused. Messages of one turn travel as one.
 */
export class PeerLink {
  /** Known once the peer has said it; -1 before. */
  serverId = -1;
  private readonly connection: WebSocketConnection;
  private readonly context: PeerLinkContext;
  private readonly handlers: PeerLinkHandlers;
  private readonly expectedId: number | undefined;
  private readonly writer = new ByteWriter(4096);
  private readonly helloTimeout: NodeJS.Timeout;
  private isReady = false;
  private isClosed = false;

  private constructor({ connection, context, handlers, expectedId }: PeerLinkParts) {
    this.connection = connection;
    this.context = context;
    this.handlers = handlers;
    this.expectedId = expectedId;
    this.helloTimeout = setTimeout(() => {
      this.connection.terminate();
    }, helloMsMax);
  }

  /** Takes a connection that a peer opened. */
  static accept(
    connection: WebSocketConnection,
    context: PeerLinkContext,
    handlers: PeerLinkHandlers,
  ): void {
    const peer = new PeerLink({ connection, context, handlers, expectedId: undefined });
    connection.start(peer.connectionHandlers);
    peer.sayHello();
  }

  /** Dials a peer. @returns a function that gives the attempt up */
  static dial(
    { url, serverId }: { readonly url: string; readonly serverId: number },
    context: PeerLinkContext,
    handlers: PeerLinkHandlers,
  ): () => void {
    // The connection tells nothing before this turn ends.
    const holder: { peer?: PeerLink } = {};
    const connection = connectWebSocket(
      { url, timeoutMs: helloMsMax, ...peerLimits, isUnmasked: true },
      {
        onOpen: () => holder.peer?.sayHello(),
        onMessage: (bytes) => holder.peer?.onMessage(bytes),
        onClose: () => holder.peer?.onClose(),
      },
    );
    holder.peer = new PeerLink({ connection, context, handlers, expectedId: serverId });
    return () => {
      connection.terminate();
    };
  }

  get bufferedBytes(): number {
    return this.connection.bufferedBytes;
  }

  /** Adds a message to this turn's. @returns its bytes: valid until anything else is added or sent */
  add(message: PeerMessage): Uint8Array {
    const { writer } = this;
    const start = writer.length;
    encodePeerMessage(writer, message);
    return writer.view().subarray(start);
  }

  /** Adds a message that another link encoded. */
  addEncoded(bytes: Uint8Array): void {
    this.writer.raw(bytes);
  }

  /** Sends what was added. */
  flush(): void {
    if (this.writer.length === 0) return;
    this.connection.send(this.writer.copy());
    this.writer.reset();
  }

  /** Says (again) who this is: after it learned which ensemble it belongs to. */
  sayHello(): void {
    const { serverId, ensembleId } = this.context.identity;
    const protocolVersion = zabProtocolVersion;
    this.add({ kind: 'hello', protocolVersion, ensembleId, serverId, role: 'participant' });
    this.flush();
  }

  close(): void {
    this.flush();
    this.connection.close();
  }

  private get connectionHandlers(): WebSocketHandlers {
    return {
      onMessage: (bytes) => {
        this.onMessage(bytes);
      },
      onClose: () => {
        this.onClose();
      },
    };
  }

  private onMessage(bytes: Uint8Array): void {
    if (this.isClosed) return;
    let messages: readonly PeerMessage[];
    try {
      messages = decodePeerMessages(bytes);
    } catch (error) {
      if (!(error instanceof JuteError)) throw error;
      this.refuse(error.message);
      return;
    }
    const others: PeerMessage[] = [];
    for (const message of messages) {
      if (message.kind !== 'hello') others.push(message);
      else if (!this.onHello(message)) return;
    }
    if (others.length === 0) return;
    if (this.isReady) this.handlers.onMessages(others, this);
    else this.refuse('it spoke before it said who it is');
  }

  private adopt(ensembleId: string | null): void {
    const { identity, onAdopted } = this.context;
    if (ensembleId === null || identity.isStored) return;
    const isNews = identity.ensembleId === null;
    onAdopted(ensembleId);
    // Whoever gave the name waits to hear that it was heard.
    if (isNews) this.sayHello();
  }

  /** @returns false when the peer was refused */
  private onHello(hello: PeerHello): boolean {
    const refusal = this.refusalOf(hello);
    if (refusal !== undefined) {
      this.refuse(refusal);
      return false;
    }
    this.adopt(hello.ensembleId);
    if (!this.isReady) {
      this.serverId = hello.serverId;
      this.isReady = true;
      clearTimeout(this.helloTimeout);
      this.handlers.onReady(this);
    }
    return true;
  }

  private refusalOf({ protocolVersion, serverId, ensembleId }: PeerHello): string | undefined {
    const { identity, serverIds } = this.context;
    if (protocolVersion !== zabProtocolVersion) {
      return `it speaks version ${protocolVersion} of the peer protocol, this member ${zabProtocolVersion}`;
    }
    if (!serverIds.has(serverId) || serverId === identity.serverId) {
      return `its id is ${serverId}, and the configuration names no such other member`;
    }
    if (this.expectedId !== undefined && serverId !== this.expectedId) {
      return `its id is ${serverId}, and the configuration says ${this.expectedId}`;
    }
    const isForeign =
      ensembleId !== null && identity.ensembleId !== null && ensembleId !== identity.ensembleId;
    return isForeign
      ? `it is of the ensemble ${ensembleId}, this member of ${String(identity.ensembleId)}`
      : undefined;
  }

  private refuse(reason: string): void {
    this.context.onRefused(this.connection.remoteAddress, reason);
    this.connection.terminate();
    this.onClose();
  }

  private onClose(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    clearTimeout(this.helloTimeout);
    this.handlers.onClose(this.isReady);
  }
}

interface PeerLinkParts {
  readonly connection: WebSocketConnection;
  readonly context: PeerLinkContext;
  readonly handlers: PeerLinkHandlers;
  readonly expectedId: number | undefined;
}
