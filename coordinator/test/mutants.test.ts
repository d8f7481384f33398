import { type MemberRules, memberRules } from '@zookafka/coordinator/core';
import { createFlags, errorCodes, openAcl } from '@zookafka/zookeeper-wire';
import { bytesOf, Ensemble } from './harness.ts';

/** A wrong decision, and what a look at a running ensemble says of it. */
interface Mutant {
  readonly rules: Partial<MemberRules>;
  readonly isHealthy: (rules: MemberRules) => boolean;
}

const write = (path: string, flags = 0) =>
  ({ op: 'create', path, data: null, acl: openAcl, flags }) as const;

const mutants: Readonly<Record<string, Mutant>> = {
  "a read overtakes its session's write": {
    rules: { isReadDue: () => true },
    isHealthy: (rules) => {
      const ensemble = Ensemble.serving({ rules });
      const client = ensemble.connect(ensemble.followers[0] as number);
      client.send(write('/a'));
      client.send({ op: 'exists', path: '/a', watch: false });
      ensemble.settle();
      return client.replies.map(({ xid, err }) => `${xid}:${err}`).join() === '1:0,2:0';
    },
  },
  'an uncommitted ephemeral outlives its session': {
    rules: { ephemeralsToDelete: (_, committed) => [...committed] },
    isHealthy: (rules) => {
      const ensemble = Ensemble.serving({ rules, members: 1 });
      const client = ensemble.connect(1);
      client.send(write('/e', createFlags.ephemeral));
      client.send({ op: 'closeSession' });
      ensemble.settle();
      return ensemble.member(1).tree.get('/e') === undefined;
    },
  },
  'a session about to end is revived': {
    rules: { isSessionAlive: ({ isKnown }) => isKnown },
    isHealthy: (rules) => {
      const ensemble = Ensemble.serving({ rules, members: 1 });
      const client = ensemble.connect(1);
      client.send({ op: 'closeSession' });
      const again = ensemble.open(1);
      again.sendConnect({ session: client.session, password: client.password });
      ensemble.settle();
      return again.received.every(
        (item) => item.kind !== 'connected' || item.response.timeOut === 0,
      );
    },
  },
  'a new leader gives sessions no time': {
    rules: { timeoutAtNewLeader: () => 0 },
    isHealthy: (rules) => {
      const ensemble = Ensemble.serving({ rules });
      ensemble.connect(ensemble.followers[0] as number, 2000);
      const old = ensemble.leader;
      ensemble.kill(old);
      ensemble.runUntil(() =>
        ensemble.nodes.some(({ member }) => member?.isLeading === true && member.isServing),
      );
      ensemble.runFor(500);
      return ensemble.member(ensemble.leader).tree.sessions.count === 1;
    },
  },
  'a session expires a tick early': {
    rules: {
      expiryBucketOf: (nowMs, timeoutMs, tickMs) =>
        (Math.floor((nowMs + timeoutMs) / tickMs) - 1) * tickMs,
    },
    isHealthy: (rules) => {
      const ensemble = Ensemble.serving({ rules, members: 1 });
      ensemble.connect(1, 500);
      ensemble.runFor(499);
      return ensemble.member(1).tree.sessions.count === 1;
    },
  },
  'a deletion is not told to who watches children': {
    rules: {
      triggersOf: (change) =>
        memberRules.triggersOf(change).filter(({ of }) => change !== 'deleted' || of === 'node'),
    },
    isHealthy: (rules) => {
      const ensemble = Ensemble.serving({ rules, members: 1 });
      const client = ensemble.connect(1);
      client.create('/a');
      client.ask({ op: 'getChildren', path: '/', watch: true });
      client.ask({ op: 'delete', path: '/a', version: -1 });
      return client.events.length === 1;
    },
  },
  "a returning client's watch is re-armed though it missed a change": {
    rules: { missedEvent: () => undefined },
    isHealthy: (rules) => {
      const ensemble = Ensemble.serving({ rules, members: 1 });
      const client = ensemble.connect(1);
      const { zxid } = client.create('/a');
      client.ask({ op: 'setData', path: '/a', data: bytesOf('new'), version: -1 });
      const watches = { dataWatches: ['/a'], existWatches: [], childWatches: [] };
      client.ask({ op: 'setWatches', relativeZxid: zxid, ...watches }, -8);
      return client.events.length === 1;
    },
  },
  'a client that has seen more is let in': {
    rules: { isClientAhead: () => false },
    isHealthy: (rules) => {
      const ensemble = Ensemble.serving({ rules, members: 1 });
      const client = ensemble.open(1);
      client.sendConnect({ lastZxidSeen: 2 ** 45 });
      ensemble.settle();
      return client.isClosed;
    },
  },
  'a version is not looked at': {
    rules: { isVersionFitting: () => true },
    isHealthy: (rules) => {
      const client = Ensemble.serving({ rules, members: 1 }).connect(1);
      client.create('/a');
      const request = { op: 'setData', path: '/a', data: null, version: 7 } as const;
      return client.ask(request).err === errorCodes.BadVersion;
    },
  },
  'a sequential name is used again after a deletion': {
    rules: { sequenceOf: ({ childCount }) => childCount },
    isHealthy: (rules) => {
      const client = Ensemble.serving({ rules, members: 1 }).connect(1);
      client.create('/q');
      client.ask(write('/q/n', createFlags.persistentSequential));
      client.ask({ op: 'delete', path: '/q/n0000000000', version: -1 });
      const { response } = client.ask(write('/q/n', createFlags.persistentSequential));
      return response?.op === 'create' && response.path === '/q/n0000000001';
    },
  },
};

describe.each(Object.entries(mutants))('The mutant in which %s', (_, { rules, isHealthy }) => {
  test('is seen, and the correct rules are not accused', () => {
    expect(isHealthy(memberRules)).toBe(true);
    expect(isHealthy({ ...memberRules, ...rules })).toBe(false);
  });
});
