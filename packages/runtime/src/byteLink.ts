/** A connection that carries bytes in order: TCP, or the binary messages of a WebSocket. */
export interface ByteLink {
  /** Where the other end is, without its port. */
  readonly remoteAddress: string;
  /** Bytes that were sent and that the platform has not taken yet. */
  readonly bufferedBytes: number;
  /** Sends bytes that nobody changes afterwards; one write, or one message. Does nothing once closed. */
  send(bytes: Uint8Array): void;
  /** Reads nothing until `resume`. */
  pause(): void;
  resume(): void;
  /** Closes after what was sent is out. */
  close(): void;
  /** Closes at once. */
  destroy(): void;
}

/** What a link tells. Nothing comes after `onClose`, which comes exactly once. */
export interface ByteLinkHandlers {
  /** Of a WebSocket each message is one call. The bytes stay as they are. */
  readonly onBytes: (bytes: Uint8Array) => void;
  readonly onClose: (reason: string) => void;
}

/** How an attempt to connect ends: exactly one of the two is called. */
export interface ConnectHandlers extends ByteLinkHandlers {
  readonly onOpen: (link: ByteLink) => void;
  /** The attempt failed: no other handler is called. */
  readonly onRefused: (reason: string) => void;
}
