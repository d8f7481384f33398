import { CodedError } from '@zookafka/base';
import { createWebSocketServer, type Log, TcpServer } from '@zookafka/runtime';
import { tcpClientLink, webSocketClientLink } from './clientLink.ts';
import { type ClientPort } from './clientPort.ts';
import { type CoordinatorConfiguration } from './configuration.ts';
import { type LearnerNetwork, quorumPath } from './learnerNetwork.ts';
import { peerLimits } from './peerLinks.ts';
import { electionPath, type VoteNetwork } from './voteNetwork.ts';

/** The path on the client port that upgrades to WebSocket. */
export const clientPath = '/zookeeper';

/** What may wait for a client that reads too slowly, in bytes: then it is cut off. */
const clientBufferedBytesMax = 32 << 20;
const frameHeadBytes = 4;

/** Why a port cannot be listened on. */
export interface PortRefusal {
  readonly code: 'PORT_UNUSABLE';
  readonly host: string;
  readonly port: number;
  /** What the platform calls it: EADDRINUSE, EACCES, EADDRNOTAVAIL… */
  readonly reason: string;
}

/** A port that cannot be listened on. */
export class PortError extends CodedError<PortRefusal> {
  override readonly name = 'PortError';
}

/** Who is served where. */
export interface PortsOptions {
  readonly configuration: CoordinatorConfiguration;
  readonly log: Log;
  readonly clients: ClientPort;
  readonly votes: VoteNetwork;
  readonly learners: LearnerNetwork;
}

/** The listening ports of a member: clients in both transports on one, learners and votes on one each. */
export class Ports {
  private readonly options: PortsOptions;
  private servers: TcpServer[] = [];

  constructor(options: PortsOptions) {
    this.options = options;
  }

  /** Known once `listen` has returned. */
  get clientPort(): number {
    return this.servers[0]?.port ?? 0;
  }

  /** @throws {PortError} */
  async listen(): Promise<void> {
    const { configuration, votes, learners } = this.options;
    const { peers, serverId } = configuration;
    await this.listenToClients();
    const self = peers.find((peer) => peer.serverId === serverId);
    if (peers.length === 1 || self === undefined) return;
    const { host, quorumPort, electionPort } = self;
    await this.listenToPeers({ host, port: quorumPort, path: quorumPath, network: learners });
    await this.listenToPeers({ host, port: electionPort, path: electionPath, network: votes });
  }

  /** Accepts no more, and cuts what is open. */
  async stop(): Promise<void> {
    const { servers } = this;
    this.servers = [];
    await Promise.all(servers.map((server) => server.stop()));
  }

  private async listenToClients(): Promise<void> {
    const { configuration, clients } = this.options;
    const { clientHost, clientPort, juteMaxBuffer } = configuration;
    const http = createWebSocketServer({
      hostNames: [clientHost],
      onRefused: (reason, { socket }) => {
        this.onRefused(`${socket.remoteAddress ?? '?'}:${socket.remotePort ?? '?'}`, reason);
      },
      paths: [
        {
          path: clientPath,
          messageBytesMax: juteMaxBuffer + frameHeadBytes,
          bufferedBytesMax: clientBufferedBytesMax,
          onConnection: (connection) => {
            const link = webSocketClientLink(connection);
            const { onBytes, onClose } = clients.accept(link, 'websocket');
            connection.start({ onMessage: onBytes, onClose });
          },
        },
      ],
    });
    await this.open({
      host: clientHost,
      port: clientPort,
      http,
      bufferedBytesMax: clientBufferedBytesMax,
      onConnection: (connection) => {
        const { onBytes, onClose } = clients.accept(tcpClientLink(connection), 'tcp');
        connection.start({ onData: onBytes, onClose });
      },
    });
  }

  private async listenToPeers({ host, port, path, network }: PeerPort): Promise<void> {
    const http = createWebSocketServer({
      hostNames: [host],
      paths: [
        {
          path,
          ...peerLimits,
          onConnection: (connection) => {
            network.accept(connection);
          },
        },
      ],
    });
    await this.open({
      host,
      port,
      http,
      onConnection: (connection) => {
        this.onRefused(connection.remoteAddress, 'it speaks no WebSocket');
        connection.destroy();
      },
    });
  }

  private async open(options: Parameters<typeof TcpServer.listen>[0]): Promise<void> {
    const { log } = this.options;
    const onError = (error: Error): void => {
      log.error('A connection could not be accepted', { error });
    };
    try {
      this.servers.push(await TcpServer.listen({ ...options, onError }));
    } catch (cause) {
      const { host, port } = options;
      const reason = (cause as NodeJS.ErrnoException).code ?? String(cause);
      const fact = reason === 'EADDRINUSE' ? 'another program listens there' : reason;
      throw new PortError(
        { code: 'PORT_UNUSABLE', host, port, reason },
        `Cannot listen on ${host}:${port}: ${fact}`,
        { cause },
      );
    }
  }

  private onRefused(address: string, reason: string): void {
    this.options.log.warn('A connection was refused', { address, reason });
  }
}

interface PeerPort {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly network: VoteNetwork | LearnerNetwork;
}
