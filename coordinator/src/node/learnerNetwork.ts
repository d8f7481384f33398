import { type WebSocketConnection } from '@zookafka/runtime';
import { type LearnerMessage, type PeerMessage } from '@zookafka/zookeeper-wire';
import { type MemberInput } from '../core/index.ts';
import { type PeerAddress } from './configuration.ts';
import { PeerLink, type PeerLinkContext, type PeerLinkHandlers } from './peerLinks.ts';
import { urlHost } from './voteNetwork.ts';

/** The path of learners' packets on a member's quorum port. */
export const quorumPath = '/quorum';

/** The last message of this turn, as it stands in what a link will send. */
interface Encoded {
  readonly message: LearnerMessage;
  readonly link: PeerLink;
  readonly bytes: Uint8Array;
}

/** What the learners' network needs. */
export interface LearnerNetworkOptions {
  readonly context: PeerLinkContext;
  readonly peers: readonly PeerAddress[];
  readonly submit: (input: MemberInput) => void;
}

/** The links between learners and leader: a learner dials the quorum port of whom it follows. */
export class LearnerNetwork {
  private readonly options: LearnerNetworkOptions;
  private readonly links = new Map<number, PeerLink>();
  private readonly attempts = new Set<() => void>();
  private linkNext = 1;
  private last: Encoded | undefined;

  constructor(options: LearnerNetworkOptions) {
    this.options = options;
  }

  /** The most that waits on one link, in bytes: a snapshot is sent no faster than its learner reads. */
  get bufferedBytesMax(): number {
    let most = 0;
    for (const link of this.links.values()) most = Math.max(most, link.bufferedBytes);
    return most;
  }

  accept(connection: WebSocketConnection): void {
    PeerLink.accept(
      connection,
      this.options.context,
      this.handlersOf({ outgoing: false, onEnd: () => undefined }),
    );
  }

  /** Dials a member's quorum port: answered by `linkOpened` or `linkRefused`. */
  open(to: number): void {
    const { peers, context, submit } = this.options;
    const peer = peers.find(({ serverId }) => serverId === to);
    if (peer === undefined) {
      submit({ kind: 'linkRefused', serverId: to });
      return;
    }
    const url = `ws://${urlHost(peer.host)}:${peer.quorumPort}${quorumPath}`;
    const onEnd = (wasReady: boolean): void => {
      this.attempts.delete(giveUp);
      if (!wasReady) submit({ kind: 'linkRefused', serverId: to });
    };
    const handlers = this.handlersOf({ outgoing: true, onEnd });
    const giveUp = PeerLink.dial({ url, serverId: to }, context, handlers);
    this.attempts.add(giveUp);
  }

  /** A message that goes to several links in a row is encoded once. */
  send(link: number, message: LearnerMessage): void {
    const to = this.links.get(link);
    if (to === undefined) return;
    if (this.last?.message === message && this.last.link !== to) to.addEncoded(this.last.bytes);
    else this.last = { message, link: to, bytes: to.add(message) };
  }

  close(link: number): void {
    this.links.get(link)?.close();
    this.links.delete(link);
  }

  flush(): void {
    this.last = undefined;
    for (const link of this.links.values()) link.flush();
  }

  sayHello(): void {
    for (const link of this.links.values()) link.sayHello();
  }

  stop(): void {
    for (const giveUp of this.attempts) giveUp();
    for (const link of this.links.values()) link.close();
  }

  private handlersOf({
    outgoing,
    onEnd,
  }: {
    readonly outgoing: boolean;
    readonly onEnd: (wasReady: boolean) => void;
  }): PeerLinkHandlers {
    const { submit } = this.options;
    const id = this.linkNext++;
    return {
      onReady: (link) => {
        this.links.set(id, link);
        submit({ kind: 'linkOpened', link: id, serverId: link.serverId, outgoing });
      },
      onMessages: (messages) => {
        for (const message of messages) {
          if (isLearnerMessage(message)) submit({ kind: 'linkMessage', link: id, message });
        }
      },
      onClose: (wasReady) => {
        this.links.delete(id);
        if (wasReady) submit({ kind: 'linkClosed', link: id });
        onEnd(wasReady);
      },
    };
  }
}

function isLearnerMessage(message: PeerMessage): message is LearnerMessage {
  return message.kind !== 'hello' && message.kind !== 'notification';
}
