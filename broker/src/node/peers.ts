import { ByteReader, CodedError } from '@zookafka/base';
import {
  type ApiName,
  apiName,
  type Checksum,
  decodeResponse,
  decodeResponseHead,
  encodeRequestFrame,
  isIntact,
  readBatchHead,
  type RequestBody,
  type ResponseOf,
} from '@zookafka/kafka-wire';
import { type Clock, type Log, type TcpConnection } from '@zookafka/runtime';
import { type BrokerEffect, type BrokerInput } from '../core/index.ts';
import { connectPeer } from './peerConnection.ts';
import { ReusedFrames } from './reusedFrames.ts';

/** What the connections to other brokers need. */
export interface PeersOptions {
  readonly brokerId: number;
  readonly checksum: Checksum;
  readonly clock: Clock;
  readonly log: Log;
  readonly submit: (input: BrokerInput) => void;
  /** Runs what submits all that one connection brought. */
  readonly gather: (bring: () => void) => void;
}

type SendPeer = Extract<BrokerEffect, { readonly kind: 'sendPeer' }>;
type PeerEffect = SendPeer | Extract<BrokerEffect, { readonly kind: 'closePeer' }>;
type Corrupt = Extract<BrokerInput, { readonly kind: 'peerResponse' }>['corrupt'];

interface Awaited {
  readonly correlationId: number;
  readonly name: ApiName;
  readonly apiVersion: number;
}

interface Peer {
  readonly broker: number;
  readonly host: string;
  readonly port: number;
  readonly frames: ReusedFrames;
  /** Answers come in the order of the requests. */
  readonly awaited: Awaited[];
  link: TcpConnection | undefined;
}

const connectMsMax = 10_000;
const responseBytesMax = 256 << 20;
/** Larger than what a socket holds by default: a large answer takes few reads. */
const receiveBytes = 256 << 10;
/** A broken answer ends the connection. */
class PeerError extends CodedError<{ readonly code: 'OUT_OF_ORDER' }> {
  override readonly name = 'PeerError';
}

/**
 * The connections to other brokers, one each: made when there is something to send.
 *
 * The bytes of an answer are valid for the turn that steps it: then the log has written them, and they are used again.
 */
export class Peers {
  private readonly options: PeersOptions;
  private readonly peers = new Map<number, Peer>();
  private readonly received = Buffer.allocUnsafeSlow(receiveBytes);

  constructor(options: PeersOptions) {
    this.options = options;
  }

  perform(effect: PeerEffect): void {
    if (effect.kind === 'sendPeer') this.send(effect);
    else this.drop(effect.broker);
  }

  /** What was submitted is in the logs now, or refused: its bytes are used again. */
  onTurnOver(): void {
    for (const { frames } of this.peers.values()) frames.recycle();
  }

  stop(): void {
    for (const broker of [...this.peers.keys()]) this.drop(broker);
  }

  private send(effect: SendPeer): void {
    const { apiKey, apiVersion, correlationId, body } = effect;
    const name = apiName(apiKey) as ApiName;
    const peer = this.peerOf(effect);
    const clientId = `broker-${this.options.brokerId}-fetcher`;
    const head = { apiVersion, correlationId, clientId };
    const chunks = encodeRequestFrame(name, head, body as RequestBody<ApiName>);
    peer.awaited.push({ correlationId, name, apiVersion });
    // The leader waits for it: it leaves before anything else is done.
    peer.link?.send(chunks);
  }

  private peerOf({ broker, host, port }: SendPeer): Peer {
    const before = this.peers.get(broker);
    if (before?.host === host && before.port === port) return before;
    // The broker is elsewhere now: what was sent there before gets no answer.
    if (before !== undefined) this.drop(broker);
    const peer: Peer = {
      broker,
      host,
      port,
      frames: new ReusedFrames(responseBytesMax),
      awaited: [],
      link: undefined,
    };
    this.peers.set(broker, peer);
    peer.link = connectPeer(
      { host, port, timeoutMs: connectMsMax, received: this.received },
      {
        onData: (bytes) => {
          this.options.gather(() => {
            this.onData(peer, bytes);
          });
        },
        onClose: (error) => {
          this.onClose(peer, error?.message ?? 'closed by the other side');
        },
      },
    );
    return peer;
  }

  private onData(peer: Peer, bytes: Uint8Array): void {
    if (this.peers.get(peer.broker) !== peer) return;
    try {
      peer.frames.push(bytes, (frame) => {
        this.onFrame(peer, frame);
      });
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      this.options.log.warn('An answer of a broker cannot be used', {
        broker: peer.broker,
        reason: error.message,
      });
      peer.link?.destroy();
      this.onClose(peer, error.message);
    }
  }

  private onFrame(peer: Peer, frame: Uint8Array): void {
    const awaited = peer.awaited[0];
    const reader = new ByteReader(frame);
    if (awaited === undefined) throw outOfOrder(peer, 'nothing was asked');
    const { name, apiVersion, correlationId } = awaited;
    const found = decodeResponseHead(name, apiVersion, reader);
    if (found !== correlationId) {
      throw outOfOrder(peer, `it answers ${found}, expected is ${correlationId}`);
    }
    const body = decodeResponse(name, apiVersion, reader);
    const corrupt =
      name === 'fetch' ? corruptOf(body as ResponseOf<'fetch'>, this.options.checksum) : [];
    peer.awaited.shift();
    const { broker } = peer;
    const wallMs = this.options.clock.wallMs();
    this.options.submit({ kind: 'peerResponse', broker, correlationId, body, wallMs, corrupt });
  }

  private onClose(peer: Peer, reason: string): void {
    const { broker, awaited } = peer;
    if (this.peers.get(broker) !== peer) return;
    this.peers.delete(broker);
    // An idle connection may go: the next request makes another.
    if (awaited.length > 0) this.options.submit({ kind: 'peerClosed', broker, reason });
  }

  private drop(broker: number): void {
    const peer = this.peers.get(broker);
    this.peers.delete(broker);
    peer?.link?.destroy();
  }
}

function outOfOrder({ broker }: Peer, fact: string): PeerError {
  return new PeerError(
    { code: 'OUT_OF_ORDER' },
    `Cannot use an answer of broker ${broker}: ${fact}`,
  );
}

/** Which partitions' records are not what the leader's log holds, as indexes into the body. */
function corruptOf({ responses }: ResponseOf<'fetch'>, checksum: Checksum): Corrupt {
  const corrupt: { topic: number; partition: number }[] = [];
  responses.forEach(({ partitions }, topic) => {
    partitions.forEach(({ records }: { readonly records: Uint8Array | null }, partition) => {
      if (records !== null && !areIntact(records, checksum)) corrupt.push({ topic, partition });
    });
  });
  return corrupt;
}

/** The last batch may be cut: what is not whole is left out by whoever appends. */
function areIntact(records: Uint8Array, checksum: Checksum): boolean {
  let head = readBatchHead(records);
  while (head !== undefined) {
    if (!isIntact(records, head, checksum)) return false;
    head = readBatchHead(records, head.start + head.size);
  }
  return true;
}
