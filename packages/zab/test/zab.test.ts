import { effectsOf, utf8Encode } from '@zookafka/base';
import {
  type ElectionNotification,
  type LearnerMessage,
  makeZxid as z,
} from '@zookafka/zookeeper-wire';
import { type RecoveredState, Zab, type ZabEffect, type ZabInput, zabRules } from '@zookafka/zab';
import { testConfig } from './transcript.ts';

const empty: RecoveredState = {
  acceptedEpoch: 0,
  currentEpoch: 0,
  snapshotZxid: 0,
  log: [],
  committedZxid: 0,
};
const bytes = utf8Encode('x');

/** One member, driven by hand: what it sends, writes and becomes is looked at step by step. */
class Driver {
  readonly zab: Zab;
  effects: ZabEffect[] = [];
  nowMs = 0;

  constructor(serverId: number, recovered: Partial<RecoveredState> = {}, rules = zabRules) {
    const config = { ...testConfig, serverId, voters: [1, 2, 3] };
    this.zab = new Zab({ config, recovered: { ...empty, ...recovered }, rules });
    this.step({ kind: 'start' });
  }

  step(input: ZabInput): this {
    this.effects = effectsOf(this.zab, input, this.nowMs);
    return this;
  }

  receive(message: LearnerMessage, link = 1): this {
    return this.step({ kind: 'linkMessage', link, message });
  }

  hear(from: number, change: Partial<ElectionNotification>): this {
    const notification: ElectionNotification = {
      kind: 'notification',
      state: 'looking',
      leader: from,
      zxid: 0,
      electionEpoch: 1,
      peerEpoch: 0,
      ...change,
    };
    return this.step({ kind: 'notification', from, notification });
  }

  /** Everything written so far is on the disk. */
  sync(): this {
    const tokens = this.effects.flatMap((effect) => ('token' in effect ? [effect.token] : []));
    return this.step({ kind: 'durable', token: Math.max(...tokens) });
  }

  /** Follows 3, which two others say leads, up to LEADERINFO. */
  follow(epoch: number): this {
    this.hear(2, { state: 'following', leader: 3, electionEpoch: 9, peerEpoch: epoch });
    this.hear(3, { state: 'leading', leader: 3, electionEpoch: 9, peerEpoch: epoch });
    this.step({ kind: 'linkOpened', link: 1, serverId: 3, outgoing: true });
    return this.receive({ kind: 'leaderInfo', epoch, ensembleId: null });
  }

  get sent(): readonly LearnerMessage[] {
    return this.effects.flatMap((effect) => (effect.kind === 'send' ? [effect.message] : []));
  }

  get kinds(): readonly string[] {
    return this.effects.map((effect) => effect.kind);
  }

  get endReason(): unknown {
    const ended = this.effects.find((each) => each.kind === 'trace' && each.event === 'termEnded');
    return ended?.kind === 'trace' ? ended.facts['reason'] : undefined;
  }
}

function entry(epoch: number, counter: number): RecoveredState['log'][number] {
  return { zxid: z(epoch, counter), bytes };
}

describe('an election', () => {
  it('votes for the own history first', () => {
    const member = new Driver(2, { acceptedEpoch: 4, currentEpoch: 3, log: [entry(3, 1)] });
    const votes = member.effects.filter((effect) => effect.kind === 'sendNotification');
    expect(votes.map((vote) => [vote.to, vote.notification.zxid])).toEqual([
      [1, z(3, 1)],
      [3, z(3, 1)],
    ]);
  });

  it('waits for a better vote when a quorum agrees and a voter is silent', () => {
    const member = new Driver(1).hear(2, {});
    expect(member.effects).toContainEqual({ kind: 'setTimer', timer: 'finalize', delayMs: 200 });
    expect(member.zab.role).toBe('looking');
    expect(member.step({ kind: 'timer', timer: 'finalize' }).zab.leader).toBe(2);
  });

  it('begins the wait anew when a better vote comes', () => {
    const member = new Driver(1).hear(2, {}).hear(3, {});
    expect(member.kinds).toContain('cancelTimer');
    expect(member.zab.role).toBe('looking');
  });

  it('drops the votes of an earlier round when a later one begins', () => {
    const member = new Driver(1).hear(2, { leader: 1 }).hear(3, { electionEpoch: 5 });
    expect(member.step({ kind: 'timer', timer: 'finalize' }).zab.leader).toBe(3);
    expect(member.zab.leader).toBe(3);
  });

  it('answers a vote of an earlier round and does not count it', () => {
    const member = new Driver(1).hear(3, { electionEpoch: 5 });
    member.hear(2, { electionEpoch: 2, zxid: 99 });
    expect(member.kinds).toEqual(['sendNotification']);
  });

  it('joins an ensemble of another round by leader and epoch alone (ZOOKEEPER-1732)', () => {
    const member = new Driver(1);
    member.hear(2, { state: 'following', leader: 3, electionEpoch: 7, peerEpoch: 4, zxid: 5 });
    expect(member.zab.role).toBe('looking');
    member.hear(3, { state: 'leading', leader: 3, electionEpoch: 8, peerEpoch: 4, zxid: 1 });
    expect(member.zab.leader).toBe(3);
  });

  it('joins no leader that does not say itself that it leads', () => {
    const member = new Driver(1);
    member.hear(2, { state: 'following', leader: 3, electionEpoch: 7, peerEpoch: 4 });
    member.hear(3, { state: 'following', leader: 3, electionEpoch: 7, peerEpoch: 4 });
    expect(member.zab.role).toBe('looking');
  });

  it('is answered by a member that follows already', () => {
    const member = new Driver(1).follow(1).hear(2, {});
    expect(member.effects).toMatchObject([
      { to: 2, notification: { state: 'following', leader: 3 } },
    ]);
  });

  it('answers who does not vote, and does not count it', () => {
    const member = new Driver(1).hear(9, { leader: 9 });
    expect(member.effects).toMatchObject([{ kind: 'sendNotification', to: 9 }]);
    expect(member.hear(2, { leader: 9 }).effects).toMatchObject([{ to: 2 }]);
  });

  it('repeats its vote, after twice the time each', () => {
    const member = new Driver(1).step({ kind: 'timer', timer: 'resend' });
    expect(member.effects).toContainEqual({ kind: 'setTimer', timer: 'resend', delayMs: 400 });
    expect(member.kinds.filter((kind) => kind === 'sendNotification')).toHaveLength(2);
  });
});

describe('a learner', () => {
  it('acknowledges an epoch only when its promise is on the disk', () => {
    const member = new Driver(1).follow(4);
    expect(member.sent).toEqual([]);
    expect(member.sync().sent).toEqual([{ kind: 'ackEpoch', lastZxid: 0, currentEpoch: 0 }]);
  });

  it('does not count for an epoch that it promised before', () => {
    const member = new Driver(1, { acceptedEpoch: 4, currentEpoch: 2 }).follow(4);
    expect(member.sent).toEqual([{ kind: 'ackEpoch', lastZxid: 0, currentEpoch: -1 }]);
  });

  it('leaves a leader of an earlier epoch', () => {
    const member = new Driver(1, { acceptedEpoch: 5, currentEpoch: 2 }).follow(4);
    expect(member.endReason).toBe('leaderOfEarlierEpoch');
    expect(member.zab.role).toBe('looking');
  });

  it('logs its history, then the epoch, then acknowledges NEWLEADER', () => {
    const member = new Driver(1).follow(4).sync();
    member.receive({ kind: 'diff', zxid: z(3, 2) });
    member.receive({ kind: 'proposal', zxid: z(3, 1), transaction: bytes });
    member.receive({ kind: 'proposal', zxid: z(3, 2), transaction: bytes });
    expect(member.receive({ kind: 'newLeader', epoch: 4 }).kinds).toEqual(['append']);
    expect(member.sync().kinds).toEqual(['persistCurrentEpoch']);
    expect(member.sync().sent).toEqual([{ kind: 'ack', zxid: z(4, 0) }]);
  });

  it('takes a COMMIT after NEWLEADER for a proposal before it (ZOOKEEPER-4394)', () => {
    const member = new Driver(1).follow(4).sync();
    member.receive({ kind: 'diff', zxid: z(4, 1) });
    member.receive({ kind: 'proposal', zxid: z(4, 1), transaction: bytes });
    member.receive({ kind: 'commit', zxid: z(4, 1) });
    member.receive({ kind: 'proposal', zxid: z(4, 2), transaction: bytes });
    member.receive({ kind: 'newLeader', epoch: 4 }).sync().sync();
    member.receive({ kind: 'commit', zxid: z(4, 2) });
    expect(member.kinds).toEqual([]);
    expect(member.receive({ kind: 'upToDate' }).kinds).toEqual(
      expect.arrayContaining(['deliver', 'deliver', 'role']),
    );
    expect(member.zab.deliveredZxid).toBe(z(4, 2));
  });

  it('acknowledges no proposal before NEWLEADER (ZOOKEEPER-4685)', () => {
    const member = new Driver(1).follow(4).sync();
    member.receive({ kind: 'diff', zxid: 0 });
    member.receive({ kind: 'newLeader', epoch: 4 });
    const persisting = member.effects;
    expect(member.receive({ kind: 'proposal', zxid: z(4, 1), transaction: bytes }).kinds).toEqual(
      [],
    );
    member.effects = persisting;
    expect(member.sync().sent).toEqual([{ kind: 'ack', zxid: z(4, 0) }]);
    member.receive({ kind: 'upToDate' });
    expect(member.sync().sent).toEqual([{ kind: 'ack', zxid: z(4, 1) }]);
  });

  it('acknowledges several proposals at once when one write brought them to the disk', () => {
    const member = serving();
    for (const counter of [1, 2, 3]) {
      member.receive({ kind: 'proposal', zxid: z(4, counter), transaction: bytes });
    }
    expect(member.sync().sent).toEqual([{ kind: 'ack', zxid: z(4, 3) }]);
  });

  it('refuses a gap in the proposals (ZOOKEEPER-4925)', () => {
    const member = serving();
    member.receive({ kind: 'proposal', zxid: z(4, 2), transaction: bytes });
    expect(member.endReason).toBe('gapInProposals');
  });

  it('cuts its log on TRUNC, but nothing that it knows to be committed', () => {
    const log = [entry(1, 1), entry(1, 2), entry(1, 3)];
    const recovered = { acceptedEpoch: 1, currentEpoch: 1, log, committedZxid: z(1, 2) };
    const member = new Driver(1, recovered).follow(2).sync();
    expect(member.receive({ kind: 'trunc', zxid: z(1, 2) }).kinds).toEqual(['truncate']);
    const other = new Driver(1, recovered).follow(2).sync();
    expect(other.receive({ kind: 'trunc', zxid: z(1, 1) }).endReason).toBe('truncationImpossible');
  });

  it('drops half a snapshot when its leader is lost (ZOOKEEPER-3642)', () => {
    const member = new Driver(1).follow(4).sync();
    member.receive({ kind: 'snap', zxid: z(3, 7) });
    member.receive({ kind: 'snapChunk', bytes });
    expect(member.step({ kind: 'linkClosed', link: 1 }).kinds).toContain('installSnapshotAbort');
    expect(member.zab.lastZxid).toBe(0);
  });

  it('does not take what DIFF announces for what it has (ZOOKEEPER-2355)', () => {
    const member = new Driver(1).follow(4).sync();
    member.receive({ kind: 'diff', zxid: z(3, 7) });
    member.step({ kind: 'linkClosed', link: 1 });
    expect(member.zab.lastZxid).toBe(0);
  });

  it('looks again when its leader is silent', () => {
    const member = serving();
    member.nowMs = 10_000;
    expect(member.step({ kind: 'timer', timer: 'silence' }).endReason).toBe('leaderSilent');
  });

  it('gives a ping to its application, which answers with the sessions', () => {
    const member = serving().receive({ kind: 'ping', zxid: 0 });
    expect(member.effects).toMatchObject([{ kind: 'application', from: 'leader' }]);
    const message = { kind: 'pingReply', zxid: 0, touched: [] } as const;
    expect(member.step({ kind: 'sendApplication', to: 'leader', message }).sent).toEqual([message]);
  });

  it('dials a leader that does not answer a few times, then looks again', () => {
    const member = new Driver(1);
    member.hear(2, { state: 'following', leader: 3, electionEpoch: 9 });
    member.hear(3, { state: 'leading', leader: 3, electionEpoch: 9 });
    for (let attempt = 1; attempt < testConfig.connectAttemptsMax; attempt++) {
      member.step({ kind: 'linkRefused', serverId: 3 });
      expect(member.step({ kind: 'timer', timer: 'connect' }).kinds).toEqual(['openLink']);
    }
    expect(member.step({ kind: 'linkRefused', serverId: 3 }).endReason).toBe('leaderUnreachable');
  });

  function serving(): Driver {
    const member = new Driver(1).follow(4).sync();
    member.receive({ kind: 'diff', zxid: 0 });
    member.receive({ kind: 'newLeader', epoch: 4 }).sync();
    return member.receive({ kind: 'upToDate' });
  }
});

describe('a leader', () => {
  const introduction = { kind: 'followerInfo', serverId: 1, protocolVersion: 0x10000 } as const;

  /** Elected by 1, whose link is open. */
  function elected(recovered: Partial<RecoveredState> = {}, rules = zabRules): Driver {
    const member = new Driver(3, recovered, rules);
    const zxid = member.zab.lastZxid;
    member.hear(1, { leader: 3, zxid, peerEpoch: member.zab.currentEpoch });
    member.step({ kind: 'timer', timer: 'finalize' });
    return member.step({ kind: 'linkOpened', link: 1, serverId: 1, outgoing: false });
  }

  function serving(recovered: Partial<RecoveredState> = {}, rules = zabRules): Driver {
    const member = elected(recovered, rules);
    const lastZxid = recovered.snapshotZxid ?? 0;
    member.receive({ ...introduction, acceptedEpoch: 4 }).sync();
    member.receive({ kind: 'ackEpoch', lastZxid, currentEpoch: 0 }).sync();
    return member.receive({ kind: 'ack', zxid: z(5, 0) });
  }

  it('proposes an epoch above all promises, once its own is on the disk', () => {
    const member = elected().receive({ ...introduction, acceptedEpoch: 4 });
    expect(member.sent).toEqual([]);
    expect(member.sync().sent).toEqual([{ kind: 'leaderInfo', epoch: 5, ensembleId: null }]);
  });

  it('gives up when a learner has a newer history', () => {
    const member = elected()
      .receive({ ...introduction, acceptedEpoch: 4 })
      .sync();
    member.receive({ kind: 'ackEpoch', lastZxid: z(2, 1), currentEpoch: 2 });
    expect(member.endReason).toBe('learnerHasNewerHistory');
  });

  it('does not count a promise that was given before', () => {
    const member = elected()
      .receive({ ...introduction, acceptedEpoch: 4 })
      .sync();
    expect(member.receive({ kind: 'ackEpoch', lastZxid: 0, currentEpoch: -1 }).sent).toEqual([]);
  });

  it('gives way to a learner that promised a later epoch', () => {
    const member = elected()
      .receive({ ...introduction, acceptedEpoch: 4 })
      .sync();
    member.step({ kind: 'linkOpened', link: 2, serverId: 2, outgoing: false });
    member.receive({ ...introduction, serverId: 2, acceptedEpoch: 6 }, 2);
    expect(member.endReason).toBe('learnerPromisedLaterEpoch');
  });

  it('serves when a quorum acknowledged NEWLEADER, and delivers its whole history then', () => {
    const recovered = { acceptedEpoch: 1, currentEpoch: 1, log: [entry(1, 1), entry(1, 2)] };
    const member = serving(recovered);
    expect(member.kinds.filter((kind) => kind === 'deliver')).toHaveLength(2);
    expect(member.zab.isServing).toBe(true);
    expect(member.sent).toContainEqual({ kind: 'upToDate' });
    expect(member.zab.nextZxid()).toBe(z(5, 1));
  });

  it('sends a proposal at once and counts its own disk only when that has it', () => {
    const member = serving();
    member.step({ kind: 'propose', zxid: z(5, 1), bytes });
    expect(member.sent).toEqual([{ kind: 'proposal', zxid: z(5, 1), transaction: bytes }]);
    const proposed = member.effects;
    expect(member.receive({ kind: 'ack', zxid: z(5, 1) }).kinds).toEqual([]);
    member.effects = proposed;
    expect(member.sync().sent).toEqual([{ kind: 'commit', zxid: z(5, 1) }]);
    expect(member.zab.deliveredZxid).toBe(z(5, 1));
  });

  it('refuses an acknowledgement of what it never proposed', () => {
    const member = serving().receive({ kind: 'ack', zxid: z(5, 9) });
    expect(member.kinds).toContain('closeLink');
  });

  it('brings a late learner up to its log, what is outstanding included, before NEWLEADER', () => {
    const member = serving();
    member.step({ kind: 'propose', zxid: z(5, 1), bytes });
    member.step({ kind: 'linkOpened', link: 2, serverId: 2, outgoing: false });
    member.receive({ ...introduction, serverId: 2, acceptedEpoch: 4 }, 2);
    member.receive({ kind: 'ackEpoch', lastZxid: 0, currentEpoch: 0 }, 2);
    expect(member.sent.map((message) => message.kind)).toEqual(['diff', 'proposal', 'newLeader']);
    member.step({ kind: 'propose', zxid: z(5, 2), bytes });
    expect(member.kinds.filter((kind) => kind === 'send')).toHaveLength(2);
  });

  it('queues everything behind a snapshot that is being streamed (ZOOKEEPER-3104)', () => {
    const member = serving({ acceptedEpoch: 1, currentEpoch: 1, snapshotZxid: z(1, 9) });
    member.step({ kind: 'linkOpened', link: 2, serverId: 2, outgoing: false });
    member.receive({ ...introduction, serverId: 2, acceptedEpoch: 0 }, 2);
    member.receive({ kind: 'ackEpoch', lastZxid: 0, currentEpoch: 0 }, 2);
    expect(member.effects).toContainEqual({ kind: 'takeSnapshot', link: 2, zxid: z(1, 9) });
    member.step({ kind: 'propose', zxid: z(5, 1), bytes });
    expect(member.effects).not.toContainEqual(expect.objectContaining({ link: 2 }));
    member.step({ kind: 'snapshotChunk', link: 2, bytes });
    expect(member.sent).toEqual([{ kind: 'snapChunk', bytes }]);
    member.step({ kind: 'snapshotDone', link: 2 });
    expect(member.sent.map(({ kind }) => kind)).toEqual([
      'snapEnd',
      'proposal',
      'commit',
      'newLeader',
    ]);
  });

  it('gives up when it hears no quorum', () => {
    const member = serving();
    member.step({ kind: 'linkClosed', link: 1 });
    expect(member.step({ kind: 'timer', timer: 'tick' }).endReason).toBe('quorumLost');
    expect(member.zab.role).toBe('looking');
  });

  it('gives up when no quorum came in time', () => {
    expect(elected().step({ kind: 'timer', timer: 'initLimit' }).endReason).toBe('noQuorumInTime');
  });

  it('gives way when the counters of its epoch are used up (ZOOKEEPER-1277)', () => {
    const isLastOfEpoch = (zxid: number): boolean => zxid >= z(5, 2);
    const member = serving({}, { ...zabRules, isLastOfEpoch });
    member.step({ kind: 'propose', zxid: z(5, 1), bytes });
    expect(member.endReason).toBeUndefined();
    expect(member.step({ kind: 'propose', zxid: z(5, 2), bytes }).endReason).toBe('countersUsedUp');
  });

  it('closes the link of a learner that asks before it is up to date', () => {
    const member = elected().receive({
      kind: 'revalidate',
      sessionId: { high: 0, low: 1 },
      timeoutMs: 1,
    });
    expect(member.kinds).toContain('closeLink');
  });

  it('takes a link that came while it still looked', () => {
    const member = new Driver(3).step({
      kind: 'linkOpened',
      link: 1,
      serverId: 1,
      outgoing: false,
    });
    member.receive({ ...introduction, acceptedEpoch: 0 });
    member.hear(1, { leader: 3 }).step({ kind: 'timer', timer: 'finalize' });
    expect(member.kinds).toContain('persistAcceptedEpoch');
  });
});

describe('a restart', () => {
  it('delivers what was known to be committed and keeps the rest back (ZOOKEEPER-1549)', () => {
    const log = [entry(1, 1), entry(1, 2), entry(1, 3)];
    const member = new Driver(1, {
      acceptedEpoch: 1,
      currentEpoch: 1,
      log,
      committedZxid: z(1, 2),
    });
    expect(member.kinds.filter((kind) => kind === 'deliver')).toHaveLength(2);
    expect(member.zab.lastZxid).toBe(z(1, 3));
  });

  it('is refused when the disk contradicts itself', () => {
    expect(() => new Driver(1, { acceptedEpoch: 1, currentEpoch: 2 })).toThrow('accepted before');
    expect(() => new Driver(1, { log: [entry(1, 2), entry(1, 1)] })).toThrow('rise');
  });

  it('ends with everything closed when the member stops', () => {
    const member = new Driver(1).follow(2).step({ kind: 'stop' });
    expect(member.kinds).toContain('closeLink');
    expect(member.step({ kind: 'start' }).effects).toEqual([]);
  });
});
