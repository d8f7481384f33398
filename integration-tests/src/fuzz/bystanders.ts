import { NodeProducer } from '@zookafka/client';
import { PlainClient } from '../plainClient.ts';
import { type ProcessCluster } from '../processCluster.ts';
import { portOf } from './ports.ts';
import { type Answers, Watchdog } from './watchdog.ts';

const topic = 'well-behaved';
const path = '/well-behaved';

/** Clients that behave well: one writes and reads a node, one sends records and waits until all replicas have them. */
export class Bystanders {
  private readonly plain: PlainClient;
  private readonly producer: NodeProducer;
  private readonly watchdogs: { readonly coordinator: Watchdog; readonly broker: Watchdog };

  private constructor(plain: PlainClient, producer: NodeProducer) {
    this.plain = plain;
    this.producer = producer;
    this.watchdogs = {
      coordinator: new Watchdog((turn) => this.writeAndRead(String(turn))),
      broker: new Watchdog(async (turn) => {
        await producer.send({ topic, partition: turn % 2, value: String(turn) });
      }),
    };
  }

  /** Makes what they need, and lets them begin. Pair it with `leave`. */
  static async start(cluster: ProcessCluster): Promise<Bystanders> {
    const { ready } = cluster;
    const create = ['topics', '--create', '--topic', topic, '--partitions', '2'];
    await cluster.say([...create, '--replication-factor', '2']);
    // The groups' own topic has fifty partitions: it is made before time is taken.
    const produced = new NodeProducer({ bootstrap: ready.bootstrap, lingerMs: 0 });
    await produced.send({ topic, value: 'first' });
    const consume = ['consume', '--topic', topic, '--from-beginning', '--group', 'first'];
    await cluster.say([...consume, '--max-messages', '1', '--timeout-ms', '20000']);
    const plain = await PlainClient.open(portOf(ready.coordinators[0]?.client ?? ''));
    await plain.create(path, '');
    return new Bystanders(plain, produced);
  }

  /** How they were answered. Rejects when one was told what is not so, or got no answer. */
  async stop(): Promise<Readonly<Record<'coordinator' | 'broker', Answers>>> {
    const { coordinator, broker } = this.watchdogs;
    return { coordinator: await coordinator.stop(), broker: await broker.stop() };
  }

  /** Ends them, whatever they wait for. */
  leave(): void {
    this.watchdogs.coordinator.abandon();
    this.watchdogs.broker.abandon();
    this.plain.close();
    this.producer.close().catch(() => undefined);
  }

  private async writeAndRead(text: string): Promise<void> {
    const data = Buffer.from(text);
    const { err } = await this.plain.request({ op: 'setData', path, data, version: -1 });
    const read = await this.plain.get(path);
    if (err !== 0 || read !== text) {
      throw new Error(`Wrote "${text}" to ${path} (code ${err}) and read "${String(read)}"`);
    }
  }
}
