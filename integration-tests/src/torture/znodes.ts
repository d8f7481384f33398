import { setTimeout as delay } from 'node:timers/promises';
import { EnsembleClient } from '@zookafka/cli';

/** A moment in the life of a writer. */
export interface WriterMark {
  elapsedMs: () => number;
  /** Whether a write that was begun since then is acknowledged. */
  hasPassed: () => boolean;
}

const folder = '/torture';
const pauseMs = 4;
const openAccess = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }];

/** Creates numbered znodes, one after the other, and remembers which of them were acknowledged. */
export class ZnodeWriter {
  private readonly client: EnsembleClient;
  private readonly acknowledged: number[] = [];
  private readonly running: Promise<void>;
  private begun = 0;
  private isOver = false;
  private failure: Error | undefined;

  private constructor(client: EnsembleClient) {
    this.client = client;
    this.running = this.write();
  }

  /** @param connect `host:port,…` of all members */
  static async start(connect: string): Promise<ZnodeWriter> {
    const client = new EnsembleClient({ connect });
    await client.ask(creation(folder, ''));
    return new ZnodeWriter(client);
  }

  mark(): WriterMark {
    const { begun } = this;
    const beganMs = performance.now();
    return {
      elapsedMs: () => Math.round(performance.now() - beganMs),
      hasPassed: () => (this.acknowledged.at(-1) ?? 0) > begun,
    };
  }

  /** Writes no more. @returns the numbers whose writes were acknowledged @throws {Error} when one was refused */
  async finish(): Promise<readonly number[]> {
    this.isOver = true;
    await this.running;
    await this.client.close();
    if (this.failure !== undefined) throw this.failure;
    return this.acknowledged;
  }

  private async write(): Promise<void> {
    while (!this.isOver) {
      const number = ++this.begun;
      const request = creation(pathOf(number), String(number));
      // No answer is not a failure: whether such a znode is there is not known, and nobody promised it.
      const outcome = await this.client.outcomeOf(request).catch(() => undefined);
      if (outcome?.kind === 'ok') this.acknowledged.push(number);
      if (outcome?.kind === 'error') {
        this.failure = new Error(`Cannot create ${pathOf(number)}: error ${outcome.code}`);
        return;
      }
      await delay(pauseMs);
    }
  }
}

/**
 * Reads every one of these znodes through one member.
 *
 * @param address `host:port` of the member
 * @throws {Error} naming a znode that is missing or wrong
 */
export async function requireZnodes(address: string, numbers: readonly number[]): Promise<void> {
  const client = new EnsembleClient({ connect: address });
  try {
    // What it reads then is no older than the last acknowledged write.
    await client.outcomeOf({ op: 'sync', path: folder });
    for (const number of numbers) {
      const found = await client.dataOf(pathOf(number));
      const text = found === undefined ? 'missing' : Buffer.from(found.data ?? []).toString();
      if (text !== String(number)) {
        throw new Error(`${pathOf(number)} was acknowledged, and is ${text} at ${address}`);
      }
    }
  } finally {
    await client.close();
  }
}

function pathOf(number: number): string {
  return `${folder}/n-${number}`;
}

function creation(
  path: string,
  text: string,
): Parameters<EnsembleClient['outcomeOf']>[0] & { readonly op: 'create' } {
  return { op: 'create', path, data: Buffer.from(text), acl: openAccess, flags: 0 };
}
