import { type WebSocketConnection } from '@zookafka/runtime';
import { type ElectionNotification } from '@zookafka/zookeeper-wire';
import { type MemberInput } from '../core/index.ts';
import { type PeerAddress } from './configuration.ts';
import { PeerLink, type PeerLinkContext, type PeerLinkHandlers } from './peerLinks.ts';

/** The path of votes on a member's election port. */
export const electionPath = '/election';

const redialMsMin = 20;
const redialMsMax = 1000;

/** What the votes' network needs. */
export interface VoteNetworkOptions {
  readonly context: PeerLinkContext;
  readonly peers: readonly PeerAddress[];
  readonly submit: (input: MemberInput) => void;
}

/**
 * One link to every other member, for votes. Of each two members the one with the larger id dials, again and again;
 * so there is never more than one link. A vote that cannot be sent is dropped: once the link is up the machine is
 * asked for the newest.
 */
export class VoteNetwork {
  private readonly options: VoteNetworkOptions;
  private readonly links = new Map<number, PeerLink>();
  private readonly redials = new Map<number, NodeJS.Timeout>();
  private readonly attempts = new Map<number, () => void>();
  private isStopped = false;

  constructor(options: VoteNetworkOptions) {
    this.options = options;
  }

  start(): void {
    const { peers, context } = this.options;
    for (const peer of peers) {
      if (peer.serverId < context.identity.serverId) this.dial(peer, redialMsMin);
    }
  }

  accept(connection: WebSocketConnection): void {
    PeerLink.accept(
      connection,
      this.options.context,
      this.handlersOf(() => undefined),
    );
  }

  send(to: number, notification: ElectionNotification): void {
    this.links.get(to)?.add(notification);
  }

  flush(): void {
    for (const link of this.links.values()) link.flush();
  }

  sayHello(): void {
    for (const link of this.links.values()) link.sayHello();
  }

  stop(): void {
    this.isStopped = true;
    for (const timeout of this.redials.values()) clearTimeout(timeout);
    for (const giveUp of this.attempts.values()) giveUp();
    for (const link of this.links.values()) link.close();
  }

  private dial(peer: PeerAddress, redialMs: number): void {
    const { serverId, host, electionPort } = peer;
    const url = `ws://${urlHost(host)}:${electionPort}${electionPath}`;
    const giveUp = PeerLink.dial(
      { url, serverId },
      this.options.context,
      this.handlersOf((wasReady) => {
        this.attempts.delete(serverId);
        if (this.isStopped) return;
        const delayMs = wasReady ? redialMsMin : redialMs;
        this.redials.set(
          serverId,
          setTimeout(() => {
            this.dial(peer, Math.min(delayMs * 2, redialMsMax));
          }, delayMs),
        );
      }),
    );
    this.attempts.set(serverId, giveUp);
  }

  private handlersOf(onEnd: (wasReady: boolean) => void): PeerLinkHandlers {
    const { submit } = this.options;
    let opened: PeerLink | undefined;
    return {
      onReady: (link) => {
        opened = link;
        // A peer that came back before its old link was missed.
        this.links.get(link.serverId)?.close();
        this.links.set(link.serverId, link);
        submit({ kind: 'voteLinkUp', peer: link.serverId });
      },
      onMessages: (messages, { serverId }) => {
        for (const message of messages) {
          if (message.kind === 'notification') {
            submit({ kind: 'notification', from: serverId, notification: message });
          }
        }
      },
      onClose: (wasReady) => {
        if (opened !== undefined && this.links.get(opened.serverId) === opened) {
          this.links.delete(opened.serverId);
        }
        onEnd(wasReady);
      },
    };
  }
}

/** A host as it stands in a URL. */
export function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
