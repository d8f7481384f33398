import { ByteReader } from '@zookafka/base';
import {
  apiName,
  decodeRequest,
  decodeRequestHead,
  encodeResponseFrame,
} from '@zookafka/kafka-wire';
import { type TcpConnection, TcpServer } from '@zookafka/runtime';
import { Frames } from '../../src/node/frames.ts';
import { FakeCluster } from './fakeCluster.ts';
import { World } from './world.ts';

const frameBytesMax = 1 << 20;

/** A fake cluster of one broker behind a real socket; its waits take no time. */
export class TcpCluster {
  readonly cluster: FakeCluster;
  readonly connections = new Set<TcpConnection>();
  /** Written in the place of an answer. */
  nonsense: Uint8Array | undefined;
  private readonly world: World;
  private server: TcpServer | undefined;

  private constructor() {
    this.world = new World();
    this.cluster = new FakeCluster(this.world, 1);
  }

  static async start(): Promise<TcpCluster> {
    const made = new TcpCluster();
    const server = await TcpServer.listen({
      host: '127.0.0.1',
      port: 0,
      onConnection: (connection) => {
        made.connections.add(connection);
        const frames = new Frames(frameBytesMax);
        connection.start({
          onData: (bytes) => {
            for (const frame of frames.push(bytes)) made.onFrame(connection, frame);
          },
          onClose: () => {
            made.connections.delete(connection);
          },
        });
      },
    });
    made.server = server;
    made.cluster.addressOf = () => ({ host: '127.0.0.1', port: server.port });
    return made;
  }

  get bootstrap(): string {
    return `127.0.0.1:${this.server?.port ?? 0}`;
  }

  cut(): void {
    for (const connection of this.connections) connection.destroy();
  }

  async stop(): Promise<void> {
    await this.server?.stop();
  }

  private onFrame(connection: TcpConnection, frame: Uint8Array): void {
    const reader = new ByteReader(frame);
    const { apiKey, apiVersion, correlationId } = decodeRequestHead(reader);
    const api = apiName(apiKey);
    if (api === undefined) throw new Error(`The fake knows no API ${apiKey}`);
    const body = decodeRequest(api, apiVersion, reader);
    this.cluster.handle({ api, version: apiVersion, broker: 1, body }, (answer) => {
      if (this.nonsense !== undefined && api !== 'apiVersions') {
        connection.write(this.nonsense);
        this.nonsense = undefined;
        return;
      }
      for (const chunk of encodeResponseFrame(api, { apiVersion, correlationId }, answer)) {
        connection.write(chunk);
      }
    });
    this.world.run(1000);
  }
}
