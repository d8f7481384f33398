import { type Host, type Network, type StreamPort } from './network.ts';
import { type SimulatedMember } from './simulatedMember.ts';

/** What happens to the connections of a session. */
export type TransportInput =
  | { readonly kind: 'connected'; readonly connection: number }
  | { readonly kind: 'received'; readonly connection: number; readonly bytes: Uint8Array }
  | { readonly kind: 'disconnected'; readonly connection: number };

/** The connections of one session's machine to the members. */
export class SessionTransport {
  private readonly parts: {
    readonly network: Network;
    readonly owner: Host;
    readonly members: () => readonly SimulatedMember[];
    readonly feed: (input: TransportInput) => void;
  };
  private readonly ports = new Map<number, StreamPort<Uint8Array>>();
  private isOver = false;

  constructor(parts: SessionTransport['parts']) {
    this.parts = parts;
  }

  connect(connection: number, host: string): void {
    const { network, owner, members, feed } = this.parts;
    const member = members().find(({ name }) => name === host);
    if (member === undefined) return;
    const onClose = (): void => {
      this.ports.delete(connection);
      if (!this.isOver) feed({ kind: 'disconnected', connection });
    };
    network.open<Uint8Array>({
      from: owner,
      to: member,
      end: {
        onMessage: (bytes) => {
          if (!this.isOver) feed({ kind: 'received', connection, bytes });
        },
        onClose,
      },
      accept: (port) => member.accept(port),
      onOpen: (port) => {
        if (this.isOver) {
          port.close();
          return;
        }
        this.ports.set(connection, port);
        feed({ kind: 'connected', connection });
      },
      onRefused: onClose,
    });
  }

  send(connection: number, bytes: Uint8Array): void {
    this.ports.get(connection)?.send(bytes);
  }

  disconnect(connection: number): void {
    this.ports.get(connection)?.close();
    this.ports.delete(connection);
  }

  /** Its session is over: the next one's connections begin to count anew. */
  end(): void {
    this.isOver = true;
    for (const port of this.ports.values()) port.close();
    this.ports.clear();
  }
}
