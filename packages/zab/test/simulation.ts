import { Prng, TimerQueue } from '@zookafka/base';
import { counterOf, epochOf, type LearnerMessage, zxidText } from '@zookafka/zookeeper-wire';
import {
  type LogEntry,
  Zab,
  type ZabConfig,
  type ZabEffect,
  type ZabInput,
  type ZabRules,
  zabRules,
} from '@zookafka/zab';

/** A rule of Zab does not hold: which one, and the history's last lines. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

interface Disk {
  acceptedEpoch: number;
  currentEpoch: number;
  /** The tree that the last snapshot holds: the zxids applied to it, in order. */
  snapshot: readonly number[];
  log: LogEntry[];
  committedZxid: number;
}

interface Write {
  readonly token: number;
  readonly apply: (disk: Disk) => void;
}

interface Member {
  readonly id: number;
  readonly disk: Disk;
  zab: Zab | null;
  /** Counts lives: what was on its way to an earlier one is lost. */
  life: number;
  tree: number[];
  writes: Write[];
  diskBusyUntilMs: number;
  timers: TimerQueue<string>;
  arriving: number[] | null;
  arrivingZxid: number;
}

interface Link {
  readonly id: number;
  readonly ends: readonly [number, number];
  readonly lives: readonly [number, number];
  /** When the last message to each end arrives: messages of a link keep their order. */
  readonly arrivesMs: [number, number];
  isOpen: boolean;
}

/** What one run is made of. */
export interface SimulationOptions {
  readonly seed: number;
  readonly memberCount: number;
  readonly rules?: ZabRules;
  readonly faultMs?: number;
  readonly keepLines?: number;
}

const allowedEnds = new Set([
  'quorumLost',
  'noQuorumInTime',
  'leaderUnreachable',
  'linkToLeaderClosed',
  'leaderSilent',
  'learnerHasNewerHistory',
  'learnerPromisedLaterEpoch',
  'leaderOfEarlierEpoch',
  'learnerSilent',
  'newerLinkOfLearner',
  'snapshotTookTooLong',
]);

/** Members, their disks and the network between them, all from one seed; checks Z1-Z3 and Z10-Z13 as it goes. */
export class Simulation {
  readonly modes = { diff: 0, trunc: 0, snap: 0 };
  readonly ends = new Map<string, number>();
  readonly lines: string[] = [];
  /** The committed sequence, as far as anybody delivered it. */
  readonly committed: number[] = [];
  private readonly options: SimulationOptions;
  private readonly prng: Prng;
  private readonly members: Member[];
  private readonly events = new TimerQueue<number>();
  private readonly actions = new Map<number, () => void>();
  private readonly links = new Map<number, Link>();
  private readonly cuts = new Set<string>();
  private readonly proposed = new Map<number, number>();
  private readonly predecessors = new Map<number, number>();
  private readonly leaders = new Map<number, number>();
  private readonly histories = new Map<number, readonly number[]>();
  private readonly snapshots: { readonly tree: readonly number[] }[] = [];
  private nowMs = 0;
  private actionNext = 1;
  private linkNext = 1;
  private payloadNext = 1;
  private isFaulty = true;
  private lossPermille = 0;
  private faultGapMs = 0;

  constructor(options: SimulationOptions) {
    this.options = options;
    this.prng = new Prng(options.seed);
    this.members = Array.from({ length: options.memberCount }, (_, index) => ({
      id: index + 1,
      disk: { acceptedEpoch: 0, currentEpoch: 0, snapshot: [], log: [], committedZxid: 0 },
      zab: null,
      life: 0,
      tree: [],
      writes: [],
      diskBusyUntilMs: 0,
      timers: new TimerQueue<string>(),
      arriving: null,
      arrivingZxid: 0,
    }));
  }

  /** A phase with faults, then one without, in which all must agree. @throws {Violation} */
  run(): void {
    try {
      for (const member of this.members) this.boot(member);
      this.lossPermille = this.prng.pick([0, 20, 200]);
      this.faultGapMs = this.prng.pick([40, 200, 700]);
      this.later(this.prng.between(1, 30), () => {
        this.client();
      });
      this.later(this.prng.between(50, 300), () => {
        this.fault();
      });
      this.runUntil(this.options.faultMs ?? 12_000);
      this.heal();
      const before = this.committed.length;
      this.runUntil(this.nowMs + 15_000, () => this.hasConverged(before));
      if (!this.hasConverged(before)) this.violate('L1', 'no convergence after all faults ended');
    } catch (error) {
      if (error instanceof Violation) throw error;
      throw new Violation(`seed ${this.options.seed}: ${String(error)}\n${this.tail()}`, {
        cause: error,
      });
    }
  }

  private hasConverged(before: number): boolean {
    const serving = this.members.filter((member) => member.zab?.isServing === true);
    const leaders = serving.filter((member) => member.zab?.role === 'leading');
    return (
      serving.length === this.members.length &&
      leaders.length === 1 &&
      this.committed.length >= before + 5 &&
      this.members.every((member) => member.tree.length >= this.committed.length - 1)
    );
  }

  private runUntil(endMs: number, isDone?: () => boolean): void {
    for (;;) {
      const due = this.events.nextDueMs;
      if (due === undefined || due > endMs) break;
      this.nowMs = Math.max(this.nowMs, due);
      const key = this.events.takeDue(this.nowMs) as number;
      const action = this.actions.get(key) as () => void;
      this.actions.delete(key);
      action();
      if (isDone?.() === true) return;
    }
    this.nowMs = endMs;
  }

  private later(delayMs: number, action: () => void): void {
    const key = this.actionNext++;
    this.actions.set(key, action);
    this.events.set(key, this.nowMs + delayMs);
  }

  private config(serverId: number): ZabConfig {
    return {
      serverId,
      voters: this.members.map((member) => member.id),
      ensembleId: null,
      tickMs: 50,
      initLimitTicks: 10,
      syncLimitTicks: 4,
      committedLogCountMax: 6,
      committedLogBytesMax: 1000,
      pinnedLogBytesMax: 200,
      finalizeWaitMs: 20,
      resendMsMin: 20,
      resendMsMax: 400,
      connectAttemptsMax: 5,
      connectRetryMs: 20,
    };
  }

  private boot(member: Member): void {
    const { disk } = member;
    member.life++;
    member.tree = [...disk.snapshot];
    member.writes = [];
    member.arriving = null;
    member.timers = new TimerQueue<string>();
    member.diskBusyUntilMs = this.nowMs;
    member.zab = new Zab({
      config: this.config(member.id),
      rules: this.options.rules ?? zabRules,
      recovered: {
        acceptedEpoch: disk.acceptedEpoch,
        currentEpoch: disk.currentEpoch,
        snapshotZxid: disk.snapshot.at(-1) ?? 0,
        log: [...disk.log],
        committedZxid: disk.committedZxid,
      },
    });
    this.note(
      `${member.id} boots: accepted ${disk.acceptedEpoch}, current ${disk.currentEpoch}, last ${zxidText(lastOf(disk))}`,
    );
    this.step(member, { kind: 'start' });
  }

  private step(member: Member, input: ZabInput): void {
    const { zab } = member;
    if (zab === null) return;
    const effects: ZabEffect[] = [];
    zab.step(input, this.nowMs, effects);
    for (const effect of effects) this.perform(member, effect);
  }

  private perform(member: Member, effect: ZabEffect): void {
    switch (effect.kind) {
      case 'sendNotification': {
        const target = this.members[effect.to - 1] as Member;
        if (this.isCut(member.id, target.id)) return;
        if (this.isFaulty && this.prng.chance(this.lossPermille)) return;
        const { notification } = effect;
        this.later(this.prng.between(1, 10), () => {
          if (!this.isCut(member.id, target.id)) {
            this.step(target, { kind: 'notification', from: member.id, notification });
          }
        });
        return;
      }
      case 'openLink':
        this.openLink(member, this.members[effect.to - 1] as Member);
        return;
      case 'closeLink':
        this.closeLink(effect.link);
        return;
      case 'send':
        this.checkSend(member, effect.message);
        this.sendOn(member, effect.link, effect.message);
        return;
      case 'append': {
        const { entries, committedZxid } = effect;
        this.write(member, effect.token, (disk) => {
          for (const entry of entries) this.appendTo(member, disk, entry);
          disk.committedZxid = committedZxid;
        });
        return;
      }
      case 'truncate': {
        const { zxid } = effect;
        this.write(member, effect.token, (disk) => {
          disk.log = disk.log.filter((entry) => entry.zxid <= zxid);
          this.checkQuorumHolds(`${member.id} truncated to ${zxidText(zxid)}`);
        });
        return;
      }
      case 'persistAcceptedEpoch': {
        const { epoch } = effect;
        this.write(member, effect.token, (disk) => {
          if (epoch < disk.acceptedEpoch) this.violate('Z12', 'acceptedEpoch falls');
          disk.acceptedEpoch = epoch;
        });
        return;
      }
      case 'persistCurrentEpoch':
        this.persistCurrentEpoch(member, effect.token, effect.epoch);
        return;
      default:
        this.performMore(member, effect);
    }
  }

  private performMore(
    member: Member,
    effect: Exclude<
      ZabEffect,
      {
        readonly kind:
          | 'sendNotification'
          | 'openLink'
          | 'closeLink'
          | 'send'
          | 'append'
          | 'truncate'
          | 'persistAcceptedEpoch'
          | 'persistCurrentEpoch';
      }
    >,
  ): void {
    switch (effect.kind) {
      case 'deliver':
        this.deliver(member, effect.zxid, effect.bytes);
        return;
      case 'takeSnapshot':
        this.streamSnapshot(member, effect.link, effect.zxid);
        return;
      case 'installSnapshotBegin':
        member.arriving = null;
        member.arrivingZxid = effect.zxid;
        return;
      case 'installSnapshotChunk':
        if (effect.bytes.length > 0) {
          const snapshot = this.snapshots[numberOf(effect.bytes)] as { tree: readonly number[] };
          member.arriving = [...snapshot.tree];
        }
        return;
      case 'installSnapshotEnd':
        this.installSnapshot(member, effect.token, effect.zxid);
        return;
      case 'installSnapshotAbort':
        member.arriving = null;
        return;
      case 'role':
        this.onRole(member, effect);
        return;
      case 'application':
        if (effect.message.kind === 'ping') {
          const { zxid } = effect.message;
          const message = { kind: 'pingReply', zxid, touched: [] } as const;
          this.step(member, { kind: 'sendApplication', to: 'leader', message });
        }
        return;
      case 'setTimer': {
        const { timer } = effect;
        const { life } = member;
        member.timers.set(timer, this.nowMs + effect.delayMs);
        this.later(effect.delayMs, () => {
          if (member.life !== life) return;
          if (member.timers.dueMsOf(timer) !== this.nowMs) return;
          member.timers.cancel(timer);
          this.step(member, { kind: 'timer', timer });
        });
        return;
      }
      case 'cancelTimer':
        member.timers.cancel(effect.timer);
        return;
      case 'trace':
        this.onTrace(member, effect);
    }
  }

  private onTrace(member: Member, effect: ZabEffect & { kind: 'trace' }): void {
    this.note(`${member.id} ${effect.event} ${JSON.stringify(effect.facts)}`);
    const { reason, mode } = effect.facts as { reason?: string; mode?: 'diff' | 'trunc' | 'snap' };
    if (effect.event === 'synchronizing' && mode !== undefined) this.modes[mode]++;
    if (reason === undefined) return;
    this.ends.set(reason, (this.ends.get(reason) ?? 0) + 1);
    if (!allowedEnds.has(reason)) this.violate('Z9', `illegal action: ${reason}`);
  }

  // Disk

  private write(member: Member, token: number, apply: (disk: Disk) => void): void {
    const write = { token, apply };
    const { life } = member;
    member.writes.push(write);
    const stallMs = this.isFaulty && this.prng.chance(20) ? this.prng.between(50, 400) : 0;
    const doneMs = Math.max(this.nowMs, member.diskBusyUntilMs) + this.prng.between(1, 8) + stallMs;
    member.diskBusyUntilMs = doneMs;
    this.later(doneMs - this.nowMs, () => {
      if (member.life !== life) return;
      const first = member.writes.shift() as Write;
      first.apply(member.disk);
      if (token > 0) this.step(member, { kind: 'durable', token });
    });
  }

  private appendTo(member: Member, disk: Disk, entry: LogEntry): void {
    const previous = lastOf(disk);
    const wanted = this.predecessors.get(entry.zxid);
    if (wanted === undefined) this.violate('Z3', `${member.id} logs what nobody proposed`);
    if (previous !== wanted) {
      this.violate(
        'Z14',
        `${member.id} logs ${zxidText(entry.zxid)} after ${zxidText(previous)}, not after ${zxidText(wanted)}`,
      );
    }
    disk.log.push(entry);
  }

  private persistCurrentEpoch(member: Member, token: number, epoch: number): void {
    if (member.zab?.role === 'leading') {
      if (this.histories.has(epoch)) this.violate('Z1', `epoch ${epoch} has two leaders`);
      this.histories.set(epoch, this.issuedSequence(member));
    }
    this.write(member, token, (disk) => {
      if (epoch < disk.currentEpoch) this.violate('Z12', 'currentEpoch falls');
      if (epoch > disk.acceptedEpoch) this.violate('Z12', 'currentEpoch exceeds acceptedEpoch');
      disk.currentEpoch = epoch;
      this.checkHasHistory(member, epoch, 'Z12');
    });
  }

  private checkHasHistory(member: Member, epoch: number, rule: string): void {
    const history = this.histories.get(epoch) ?? [];
    const last = history.at(-1);
    if (last === undefined) return;
    if (sequenceAt(member.disk, history.length - 1) !== last) {
      this.violate(rule, `${member.id} enters epoch ${epoch} without its history on disk`);
    }
  }

  /** What the member's disk will hold when all that was written is there. */
  private issuedSequence(member: Member): readonly number[] {
    const copy: Disk = { ...member.disk, log: [...member.disk.log] };
    for (const write of member.writes) write.apply(copy);
    return [...copy.snapshot, ...copy.log.map((entry) => entry.zxid)];
  }

  private saveSnapshot(member: Member): void {
    const tree = [...member.tree];
    const zxid = tree.at(-1) ?? 0;
    this.write(member, 0, (disk) => {
      if ((disk.snapshot.at(-1) ?? 0) >= zxid) return;
      disk.snapshot = tree;
      disk.log = disk.log.filter((entry) => entry.zxid > zxid);
    });
  }

  private installSnapshot(member: Member, token: number, zxid: number): void {
    const tree = member.arriving;
    if (tree === null) return this.violate('Z14', 'an empty snapshot is installed');
    if (member.arrivingZxid !== zxid) this.violate('Z14', 'another snapshot is installed');
    member.arriving = null;
    if (tree.length < member.tree.length) this.violate('Z10', 'a snapshot takes the tree back');
    member.tree = [...tree];
    this.write(member, token, (disk) => {
      disk.snapshot = tree;
      disk.log = [];
      disk.committedZxid = zxid;
      this.checkQuorumHolds(`${member.id} installed a snapshot`);
    });
  }

  private streamSnapshot(member: Member, link: number, zxid: number): void {
    if ((member.tree.at(-1) ?? 0) !== zxid) this.violate('Z14', 'a snapshot of another zxid');
    const index = this.snapshots.push({ tree: [...member.tree] }) - 1;
    const { life } = member;
    const chunk = (bytes: Uint8Array) => () => {
      if (member.life === life) this.step(member, { kind: 'snapshotChunk', link, bytes });
    };
    const doneMs = this.prng.between(20, 150);
    this.later(5, chunk(bytesOf(index)));
    this.later(doneMs - 5, chunk(new Uint8Array(0)));
    this.later(doneMs, () => {
      if (member.life === life) this.step(member, { kind: 'snapshotDone', link });
    });
  }

  // Network

  private isCut(left: number, right: number): boolean {
    return this.cuts.has(pairOf(left, right));
  }

  private openLink(from: Member, to: Member): void {
    const lives = [from.life, to.life] as const;
    this.later(this.prng.between(2, 12), () => {
      if (from.life !== lives[0]) return;
      if (to.zab === null || to.life !== lives[1] || this.isCut(from.id, to.id)) {
        this.step(from, { kind: 'linkRefused', serverId: to.id });
        return;
      }
      const id = this.linkNext++;
      const arrivesMs: [number, number] = [this.nowMs, this.nowMs];
      this.links.set(id, { id, ends: [from.id, to.id], lives, arrivesMs, isOpen: true });
      this.step(to, { kind: 'linkOpened', link: id, serverId: from.id, outgoing: false });
      this.step(from, { kind: 'linkOpened', link: id, serverId: to.id, outgoing: true });
    });
  }

  private sendOn(member: Member, linkId: number, message: LearnerMessage): void {
    const link = this.links.get(linkId);
    if (link?.isOpen !== true) return;
    const side = link.ends[0] === member.id ? 1 : 0;
    const target = this.members[link.ends[side] - 1] as Member;
    const delayMs = this.prng.between(1, this.isFaulty && this.prng.chance(10) ? 80 : 6);
    const arrivesMs = Math.max(this.nowMs + delayMs, link.arrivesMs[side]);
    link.arrivesMs[side] = arrivesMs;
    this.later(arrivesMs - this.nowMs, () => {
      if (!link.isOpen || target.life !== link.lives[side]) return;
      this.step(target, { kind: 'linkMessage', link: linkId, message });
    });
  }

  /** Both ends learn it, each in its own time; what is on its way is lost. */
  private closeLink(linkId: number): void {
    const link = this.links.get(linkId);
    if (link?.isOpen !== true) return;
    link.isOpen = false;
    this.links.delete(linkId);
    link.ends.forEach((id, side) => {
      const member = this.members[id - 1] as Member;
      const delayMs = this.prng.between(0, this.isFaulty && this.prng.chance(100) ? 300 : 5);
      this.later(delayMs, () => {
        if (member.life === link.lives[side])
          this.step(member, { kind: 'linkClosed', link: linkId });
      });
    });
  }

  // Faults

  private fault(): void {
    if (!this.isFaulty) return;
    this.later(this.prng.between(5, this.faultGapMs), () => {
      this.fault();
    });
    const member = this.prng.pick(this.members);
    const other = this.prng.pick(this.members);
    switch (this.prng.below(7)) {
      case 0: {
        this.kill(member, false);
        return;
      }
      case 1: {
        this.kill(member, true);
        return;
      }
      case 2:
        for (const link of [...this.links.values()]) {
          if (this.prng.chance(500)) this.closeLink(link.id);
        }
        return;
      case 3:
      case 4: {
        this.cut(member, other, this.prng.between(50, 1500));
        return;
      }
      case 5:
        for (const each of this.members) {
          if (this.prng.chance(300)) this.kill(each, this.prng.chance(500));
        }
        return;
      default:
        if (member.zab !== null) this.saveSnapshot(member);
    }
  }

  private cut(left: Member, right: Member, forMs: number): void {
    if (left === right) return;
    const pair = pairOf(left.id, right.id);
    this.note(`cut ${pair}`);
    this.cuts.add(pair);
    for (const link of [...this.links.values()]) {
      if (pairOf(...link.ends) === pair) this.closeLink(link.id);
    }
    this.later(forMs, () => {
      this.cuts.delete(pair);
      for (const [from, to] of [
        [left, right],
        [right, left],
      ] as const) {
        this.step(from, { kind: 'voteLinkUp', peer: to.id });
      }
    });
  }

  /** A kill keeps what was written, a power cut only a part of it, in order. */
  private kill(member: Member, losesPower: boolean): void {
    if (member.zab === null) return;
    const kept = losesPower ? this.prng.between(0, member.writes.length) : member.writes.length;
    this.note(`${member.id} dies: ${kept} of ${member.writes.length} writes kept`);
    const { writes } = member;
    member.zab = null;
    member.life++;
    member.writes = [];
    for (const write of writes.slice(0, kept)) write.apply(member.disk);
    for (const link of [...this.links.values()]) {
      if (link.ends.includes(member.id)) this.closeLink(link.id);
    }
    this.checkQuorumHolds(`${member.id} died`);
    this.later(this.prng.between(10, 1500), () => {
      if (member.zab === null) this.boot(member);
    });
  }

  private heal(): void {
    this.note('all faults end');
    this.isFaulty = false;
    this.cuts.clear();
    for (const member of this.members) if (member.zab === null) this.boot(member);
    for (const member of this.members) {
      for (const peer of this.members) this.step(member, { kind: 'voteLinkUp', peer: peer.id });
    }
  }

  private client(): void {
    this.later(this.prng.between(1, 60), () => {
      this.client();
    });
    for (const member of this.members) {
      const { zab } = member;
      if (zab?.isServing !== true || zab.role !== 'leading') continue;
      for (let count = this.prng.between(1, 4); count > 0; count--) {
        const zxid = zab.nextZxid();
        const payload = this.payloadNext++;
        if (this.proposed.has(zxid)) this.violate('Z1', `${zxidText(zxid)} is proposed twice`);
        this.proposed.set(zxid, payload);
        this.predecessors.set(zxid, zab.lastZxid);
        this.step(member, { kind: 'propose', zxid, bytes: bytesOf(payload) });
      }
    }
  }

  // Checks

  private deliver(member: Member, zxid: number, bytes: Uint8Array): void {
    const index = member.tree.push(zxid) - 1;
    if (this.proposed.get(zxid) !== numberOf(bytes)) {
      this.violate('Z3', `${member.id} delivers what nobody proposed: ${zxidText(zxid)}`);
    }
    const wanted = this.committed[index];
    if (wanted === undefined) {
      this.committed.push(zxid);
      this.checkQuorumHolds(`${member.id} delivered ${zxidText(zxid)}`);
    } else if (wanted !== zxid) {
      this.violate(
        'Z2',
        `${member.id} delivers ${zxidText(zxid)} where others have ${zxidText(wanted)}`,
      );
    }
  }

  /** What was delivered anywhere is on the disks of a quorum, whatever happens. */
  private checkQuorumHolds(after: string): void {
    const index = this.committed.length - 1;
    if (index < 0) return;
    const last = this.committed[index] as number;
    let count = 0;
    for (const member of this.members) if (sequenceAt(member.disk, index) === last) count++;
    if (count * 2 > this.members.length) return;
    this.violate('Z10', `${zxidText(last)} is committed and on ${count} disks: ${after}`);
  }

  private checkSend(member: Member, message: LearnerMessage): void {
    const { disk } = member;
    if (message.kind === 'leaderInfo' && disk.acceptedEpoch < message.epoch) {
      this.violate('Z12', `${member.id} sends LEADERINFO before its promise is durable`);
    }
    if (message.kind === 'ackEpoch' && disk.acceptedEpoch < (member.zab?.acceptedEpoch ?? 0)) {
      this.violate('Z12', `${member.id} sends ACKEPOCH before its promise is durable`);
    }
    if (message.kind !== 'ack') return;
    if (counterOf(message.zxid) === 0) {
      const epoch = epochOf(message.zxid);
      this.checkHasHistory(member, epoch, 'Z13');
      if (disk.currentEpoch !== epoch) {
        this.violate('Z13', `${member.id} acknowledges NEWLEADER before its epoch is durable`);
      }
    } else if (lastOf(disk) < message.zxid) {
      this.violate('Z13', `${member.id} acknowledges what is not on its disk`);
    }
  }

  private onRole(member: Member, role: ZabEffect & { kind: 'role' }): void {
    if (role.role !== 'leading' || !role.serving) return;
    const other = this.leaders.get(role.epoch);
    if (other !== undefined && other !== member.id) {
      this.violate('Z1', `${member.id} and ${other} lead epoch ${role.epoch}`);
    }
    this.leaders.set(role.epoch, member.id);
    if (member.tree.length < this.committed.length) {
      this.violate('Z11', `${member.id} leads epoch ${role.epoch} without all that is committed`);
    }
  }

  private violate(rule: string, text: string): never {
    throw new Violation(
      `${rule} does not hold, seed ${this.options.seed}: ${text}\n${this.tail()}`,
    );
  }

  private note(line: string): void {
    this.lines.push(`${this.nowMs} ${line}`);
  }

  private tail(): string {
    return this.lines.slice(-(this.options.keepLines ?? 25)).join('\n');
  }
}

function pairOf(left: number, right: number): string {
  return left < right ? `${left}-${right}` : `${right}-${left}`;
}

function lastOf(disk: Disk): number {
  return disk.log.at(-1)?.zxid ?? disk.snapshot.at(-1) ?? 0;
}

function sequenceAt(disk: Disk, index: number): number | undefined {
  if (index < disk.snapshot.length) return disk.snapshot[index];
  return disk.log[index - disk.snapshot.length]?.zxid;
}

function bytesOf(value: number): Uint8Array {
  return new Uint8Array([value >>> 24, value >>> 16, value >>> 8, value]);
}

function numberOf(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}
