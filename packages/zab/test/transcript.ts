import { utf8Decode, utf8Encode } from '@zookafka/base';
import { counterOf, epochOf, type LearnerMessage } from '@zookafka/zookeeper-wire';
import { type LogEntry, Zab, type ZabConfig, type ZabEffect, type ZabInput } from '@zookafka/zab';

interface Disk {
  acceptedEpoch: number;
  currentEpoch: number;
  committedZxid: number;
  snapshotZxid: number;
  log: LogEntry[];
}

interface Pending {
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly input: ZabInput;
}

/** Limits that tests share. */
export const testConfig: Omit<ZabConfig, 'serverId' | 'voters'> = {
  ensembleId: null,
  tickMs: 2000,
  initLimitTicks: 10,
  syncLimitTicks: 5,
  committedLogCountMax: 500,
  committedLogBytesMax: 1_000_000,
  pinnedLogBytesMax: 2_000_000,
  finalizeWaitMs: 200,
  resendMsMin: 200,
  resendMsMax: 60_000,
  connectAttemptsMax: 5,
  connectRetryMs: 200,
};

/** An ensemble whose messages and disks move only when a transcript says so; every step is written down. */
export class Ensemble {
  readonly disks = new Map<number, Disk>();
  readonly members = new Map<number, Zab>();
  private readonly voters: readonly number[];
  private readonly limits: Partial<ZabConfig>;
  private readonly links = new Map<number, readonly [number, number]>();
  private pending: Pending[] = [];
  private acting = 0;
  private linkNext = 1;
  private lines: string[] = [];

  constructor(voters: readonly number[], limits: Partial<ZabConfig> = {}) {
    this.voters = voters;
    this.limits = limits;
    for (const voter of voters) {
      const disk = {
        acceptedEpoch: 0,
        currentEpoch: 0,
        committedZxid: 0,
        snapshotZxid: 0,
        log: [],
      };
      this.disks.set(voter, disk);
    }
  }

  /** Runs one line of a transcript. @returns what it made happen */
  run(command: string, args: readonly string[]): string {
    this.lines = [];
    const ids = args.map(Number);
    switch (command) {
      case 'start':
        for (const id of ids) this.start(id);
        break;
      case 'run':
        this.settle();
        break;
      case 'propose':
        for (const text of args.slice(1)) this.propose(ids[0] as number, text);
        break;
      case 'timer':
        this.step(ids[0] as number, { kind: 'timer', timer: args[1] as 'tick' });
        break;
      case 'kill':
        for (const id of ids) this.kill(id);
        break;
      case 'log':
        for (const id of ids) this.lines.push(`${id}: ${this.logText(id)}`);
        break;
      default:
        this.lines.push(`unknown command ${command}`);
    }
    return this.lines.join('\n');
  }

  private start(id: number): void {
    const recovered = this.disks.get(id) as Disk;
    const config = { ...testConfig, ...this.limits, serverId: id, voters: this.voters };
    this.members.set(id, new Zab({ config, recovered: { ...recovered, log: [...recovered.log] } }));
    this.step(id, { kind: 'start' });
    for (const peer of this.members.keys()) this.step(peer, { kind: 'voteLinkUp', peer: id });
  }

  private kill(id: number): void {
    this.members.delete(id);
    this.pending = this.pending.filter((each) => each.to !== id && each.from !== id);
    this.acting = 0;
    for (const [link, ends] of this.links) if (ends.includes(id)) this.close(link);
  }

  private settle(): void {
    for (let next = this.pending.shift(); next !== undefined; next = this.pending.shift()) {
      if (!this.members.has(next.to)) continue;
      if (next.text !== '') this.lines.push(next.text);
      this.step(next.to, next.input);
    }
  }

  private propose(id: number, text: string): void {
    const zxid = (this.members.get(id) as Zab).nextZxid();
    this.step(id, { kind: 'propose', zxid, bytes: utf8Encode(text) });
  }

  private step(id: number, input: ZabInput): void {
    const effects: ZabEffect[] = [];
    this.members.get(id)?.step(input, 0, effects);
    this.acting = id;
    for (const effect of effects) this.perform(id, effect);
  }

  private perform(id: number, effect: ZabEffect): void {
    switch (effect.kind) {
      case 'sendNotification': {
        const { leader, state, peerEpoch, zxid } = effect.notification;
        const vote = `${state}, votes ${leader} (epoch ${peerEpoch}, zxid ${zxidName(zxid)})`;
        const { to, notification } = effect;
        this.later(to, `${id} => ${to}  ${vote}`, { kind: 'notification', from: id, notification });
        return;
      }
      case 'openLink':
        this.open(id, effect.to);
        return;
      case 'closeLink':
        this.close(effect.link);
        return;
      case 'send': {
        const ends = this.links.get(effect.link);
        if (ends === undefined) return;
        const to = ends[0] === id ? ends[1] : ends[0];
        const { link, message } = effect;
        this.later(to, `${id} -> ${to}  ${messageName(message)}`, {
          kind: 'linkMessage',
          link,
          message,
        });
        return;
      }
      case 'takeSnapshot': {
        const { link } = effect;
        const bytes = utf8Encode(`tree at ${zxidName(effect.zxid)}`);
        this.later(id, '', { kind: 'snapshotChunk', link, bytes });
        this.later(id, '', { kind: 'snapshotDone', link });
        return;
      }
      case 'application': {
        const { message } = effect;
        if (message.kind !== 'ping') return;
        const reply = { kind: 'pingReply', zxid: message.zxid, touched: [] } as const;
        this.step(id, { kind: 'sendApplication', to: 'leader', message: reply });
        return;
      }
      default:
        if ('token' in effect) this.write(id, effect);
        else this.show(id, effect);
    }
  }

  private show(id: number, effect: ZabEffect): void {
    switch (effect.kind) {
      case 'deliver':
        this.lines.push(`${id} delivers ${zxidName(effect.zxid)} ${utf8Decode(effect.bytes)}`);
        return;
      case 'role': {
        const serving = effect.serving ? `, serves epoch ${effect.epoch}` : '';
        const leader = effect.role === 'following' ? ` ${effect.leader}` : '';
        this.lines.push(`${id} is ${effect.role}${leader}${serving}`);
        return;
      }
      default:
    }
  }

  private write(id: number, effect: ZabEffect & { readonly token: number }): void {
    const disk = this.disks.get(id) as Disk;
    let text = '';
    if (effect.kind === 'append') {
      disk.log.push(...effect.entries);
      disk.committedZxid = effect.committedZxid;
      text = `log ${effect.entries.map((entry) => zxidName(entry.zxid)).join(' ')}`;
    } else if (effect.kind === 'truncate') {
      disk.log = disk.log.filter((entry) => entry.zxid <= effect.zxid);
      text = `log cut to ${zxidName(effect.zxid)}`;
    } else if (effect.kind === 'persistAcceptedEpoch') {
      disk.acceptedEpoch = effect.epoch;
      text = `acceptedEpoch ${effect.epoch}`;
    } else if (effect.kind === 'persistCurrentEpoch') {
      disk.currentEpoch = effect.epoch;
      text = `currentEpoch ${effect.epoch}`;
    } else if (effect.kind === 'installSnapshotEnd') {
      disk.log = [];
      disk.snapshotZxid = effect.zxid;
      text = `snapshot ${zxidName(effect.zxid)}`;
    }
    this.later(id, `${id} disk  ${text}`, { kind: 'durable', token: effect.token });
  }

  private open(from: number, to: number): void {
    if (!this.members.has(to)) {
      this.later(from, '', { kind: 'linkRefused', serverId: to });
      return;
    }
    const link = this.linkNext++;
    this.links.set(link, [from, to]);
    this.later(to, '', { kind: 'linkOpened', link, serverId: from, outgoing: false });
    this.later(from, '', { kind: 'linkOpened', link, serverId: to, outgoing: true });
  }

  private close(link: number): void {
    const ends = this.links.get(link);
    if (ends === undefined) return;
    this.links.delete(link);
    for (const end of ends) this.later(end, '', { kind: 'linkClosed', link });
  }

  private later(to: number, text: string, input: ZabInput): void {
    this.pending.push({ from: this.acting, to, text, input });
  }

  private logText(id: number): string {
    const { snapshotZxid, log } = this.disks.get(id) as Disk;
    const entries = log.map((entry) => `${zxidName(entry.zxid)}=${utf8Decode(entry.bytes)}`);
    return [`(snapshot ${zxidName(snapshotZxid)})`, ...entries].join(' ');
  }
}

function zxidName(zxid: number): string {
  return `${epochOf(zxid)}:${counterOf(zxid)}`;
}

function messageName(message: LearnerMessage): string {
  const { kind } = message;
  switch (kind) {
    case 'followerInfo':
      return `FOLLOWERINFO accepted ${message.acceptedEpoch}`;
    case 'leaderInfo':
      return `LEADERINFO epoch ${message.epoch}`;
    case 'ackEpoch':
      return `ACKEPOCH current ${message.currentEpoch}, last ${zxidName(message.lastZxid)}`;
    case 'newLeader':
      return `NEWLEADER epoch ${message.epoch}`;
    case 'proposal':
      return `PROPOSAL ${zxidName(message.zxid)} ${utf8Decode(message.transaction)}`;
    case 'snapChunk':
      return `snapshot's bytes: ${utf8Decode(message.bytes)}`;
    case 'ack':
    case 'commit':
    case 'ping':
    case 'pingReply':
    case 'diff':
    case 'trunc':
    case 'snap':
      return `${kind.toUpperCase()} ${zxidName(message.zxid)}`;
    default:
      return kind.toUpperCase();
  }
}
