import { connect, type Socket } from 'node:net';
import { type Prng } from '@zookafka/base';
import { type Shot } from './mutate.ts';
import { type Outcome, type Tally } from './tally.ts';

/** One connection to a port that is opened again whenever the other side has enough. */
export interface LaneOptions {
  readonly port: number;
  /** What is sent first on each connection; the answer to each is waited for. */
  readonly opening: (prng: Prng) => readonly Buffer[];
  /** One thing more to send. */
  readonly next: (prng: Prng) => Shot;
  /** What is sent there, in a word. */
  readonly sort: string;
  readonly prng: Prng;
  readonly tally: Tally;
}

/** How long an answer is waited for: many frames rightly get none. */
const answerMsMax = 15;
/** A connection on which nothing was answered so often is left. */
const silencesMax = 3;
/** A connection is left after so many frames, so that openings are seen often. */
const framesMax = 60;
const closedMsMax = 5000;

/** Sends one thing after the other: after each waits for an answer, for the end of the connection, or a moment. */
export class Lane {
  private readonly options: LaneOptions;
  private socket: Socket | undefined;
  private heard: (what: Outcome) => void = () => undefined;
  private silences = 0;
  private frames = 0;

  constructor(options: LaneOptions) {
    this.options = options;
  }

  /** Sends so many things. */
  async run(count: number): Promise<void> {
    try {
      for (let sent = 0; sent < count; sent++) await this.sendNext();
    } finally {
      this.leave();
    }
  }

  private async sendNext(): Promise<void> {
    const { prng, next, sort, tally } = this.options;
    const socket = await this.opened();
    const shot = next(prng);
    const outcome = await this.exchange(socket, shot.bytes);
    tally.add(sort, shot, outcome);
    this.silences = outcome === 'nothing' ? this.silences + 1 : 0;
    this.frames++;
    if (this.silences >= silencesMax || this.frames >= framesMax || prng.chance(5)) this.leave();
  }

  private async opened(): Promise<Socket> {
    for (;;) {
      const socket = this.socket ?? (await this.open());
      if (socket !== undefined) return socket;
    }
  }

  /** @returns undefined when the other side closed during the opening */
  private async open(): Promise<Socket | undefined> {
    const socket = await this.dial();
    this.socket = socket;
    this.silences = 0;
    this.frames = 0;
    for (const bytes of this.options.opening(this.options.prng)) {
      if (this.socket !== socket) return undefined;
      await this.exchange(socket, bytes);
    }
    return this.socket;
  }

  /** Nobody listens only when the process is gone: that is what this test is about. */
  private dial(): Promise<Socket> {
    const { port } = this.options;
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, noDelay: true });
      const timeout = setTimeout(() => {
        reject(new Error(`Port ${port} accepts no connection`));
        socket.destroy();
      }, closedMsMax);
      socket.on('connect', () => {
        clearTimeout(timeout);
        resolve(socket);
      });
      socket.on('data', () => {
        this.heard('answer');
      });
      socket.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'ECONNREFUSED') reject(new Error(`Nobody listens on port ${port}`));
      });
      socket.on('close', () => {
        clearTimeout(timeout);
        if (this.socket === socket) this.socket = undefined;
        this.heard('end');
        resolve(socket);
      });
    });
  }

  /** @returns what came in time */
  private exchange(socket: Socket, bytes: Buffer): Promise<Outcome> {
    return new Promise((resolve) => {
      const settle = (outcome: Outcome): void => {
        clearTimeout(timeout);
        this.heard = () => undefined;
        resolve(outcome);
      };
      const timeout = setTimeout(() => {
        settle('nothing');
      }, answerMsMax);
      this.heard = settle;
      socket.write(bytes);
    });
  }

  private leave(): void {
    this.socket?.destroy();
    this.socket = undefined;
  }
}
