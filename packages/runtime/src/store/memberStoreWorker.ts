import {
  type MessagePort,
  parentPort,
  receiveMessageOnPort,
  workerData,
} from 'node:worker_threads';
import { defined } from '@zookafka/base';
import { BatchRunner, type EngineReport, idleMs } from './batchRunner.ts';
import { Mailbox } from './mailbox.ts';
import { type ThreadMessage, type ThreadReport, type ThreadStart } from './storeEngine.ts';

/** How many messages one transaction takes at most. */
const messageCountMax = 1000;

/** Takes whatever waits, so that one sync serves it all; sleeps in between, without an event loop. */
function serve(port: MessagePort, { options, mailbox: memory }: ThreadStart): void {
  const mailbox = new Mailbox(memory);
  const thread = new StoreThread(port, mailbox, options);
  let waitMs = Infinity;
  for (;;) {
    const { rungCount } = mailbox;
    if (!thread.takeAll()) return;
    if (thread.runner.run()) waitMs = idleMs;
    else if (!mailbox.sleep(rungCount, waitMs)) waitMs = thread.runner.idle() ? 0 : Infinity;
  }
}

class StoreThread {
  readonly runner: BatchRunner;
  private readonly port: MessagePort;
  private readonly mailbox: Mailbox;
  private readonly synced = new Map<number, (error: Error | null) => void>();
  private syncIdNext = 1;
  private isOver = false;

  constructor(port: MessagePort, mailbox: Mailbox, options: ThreadStart['options']) {
    this.port = port;
    this.mailbox = mailbox;
    this.runner = new BatchRunner(
      options,
      (descriptor, done) => {
        const id = this.syncIdNext++;
        this.synced.set(id, done);
        this.tell({ kind: 'syncAside', id, descriptor });
      },
      (report) => {
        this.onReport(report);
      },
    );
  }

  /** Takes what waits, in the order in which it was given. @returns false when the thread is to end */
  takeAll(): boolean {
    for (let count = 0; count < messageCountMax && !this.isOver; count++) {
      const received = receiveMessageOnPort(this.port) as { message: ThreadMessage } | undefined;
      // What is in the mailbox was put there before that message was sent, or there is none.
      const append = this.mailbox.take();
      if (append !== undefined) this.runner.add([append]);
      if (received === undefined) break;
      this.onMessage(received.message);
    }
    return !this.isOver;
  }

  private onMessage(message: ThreadMessage): void {
    if (message.kind === 'batch') {
      this.runner.add(message.batch);
    } else if (message.kind === 'close') {
      this.runner.close();
    } else {
      const done = this.synced.get(message.id);
      this.synced.delete(message.id);
      done?.(message.message === undefined ? null : new Error(message.message));
    }
  }

  private onReport(report: EngineReport): void {
    this.isOver ||= report.kind === 'closed' || report.kind === 'refused';
    this.tell(report.kind === 'ran' ? report.batchCount : report);
  }

  private tell(report: ThreadReport): void {
    this.port.postMessage(report);
  }
}

serve(defined(parentPort, 'This file is the main file of a thread'), workerData as ThreadStart);
