import { type FourLetterWord } from '@zookafka/zookeeper-wire';
import { type MemberEffect } from '@zookafka/coordinator/core';
import { Ensemble } from './harness.ts';

function answerOf(ensemble: Ensemble, word: FourLetterWord, id = 1): string {
  const effects: MemberEffect[] = [];
  ensemble.member(id).step({ kind: 'adminQuery', connection: 999, word }, ensemble.nowMs, effects);
  const [first] = effects;
  return first?.kind === 'adminReply' ? first.text : '';
}

describe('The four-letter word', () => {
  test("srvr answers in ZooKeeper's layout, its date first of all", () => {
    const ensemble = Ensemble.serving({ members: 1 });
    ensemble.connect(1).create('/a');
    expect(answerOf(ensemble, 'srvr')).toBe(
      [
        'Zookeeper version: 3.9.4-zookafka, built on 11/21/2026 04:00 GMT',
        'Latency min/avg/max: 0/0.0/0',
        'Received: 2',
        'Sent: 1',
        'Connections: 1',
        'Outstanding: 0',
        'Zxid: 0x100000002',
        'Mode: standalone',
        'Node count: 5',
        '',
      ].join('\n'),
    );
  });

  test('srvr names the leader, which adds the sizes of its proposals', () => {
    const ensemble = Ensemble.serving();
    ensemble.connect(ensemble.leader);
    const text = answerOf(ensemble, 'srvr', ensemble.leader);
    expect(text).toMatch(
      /Mode: leader\nNode count: 4\nProposal sizes last\/min\/max: (\d+)\/\1\/\1\n$/,
    );
    expect(answerOf(ensemble, 'srvr', ensemble.followers[0])).toContain('Mode: follower\n');
  });

  test('stat lists the clients', () => {
    const ensemble = Ensemble.serving({ members: 1 });
    ensemble.connect(1);
    expect(answerOf(ensemble, 'stat')).toContain(
      'Clients:\n /127.0.0.1[1](queued=0,recved=0,sent=0)\n\nLatency',
    );
  });

  test.each<[FourLetterWord, string]>([
    ['ruok', 'imok'],
    ['isro', 'rw'],
    ['conf', 'clientPort=2181\n'],
    ['wchs', '1 connections watching 1 paths\nTotal watches:1\n'],
  ])('%s answers %j', (word, text) => {
    const ensemble = Ensemble.serving({ members: 1 });
    ensemble.connect(1).ask({ op: 'exists', path: '/a', watch: true });
    expect(answerOf(ensemble, word)).toBe(text);
  });

  test('mntr answers a line a figure', () => {
    const text = answerOf(Ensemble.serving({ members: 1 }), 'mntr');
    expect(text).toContain('zk_server_state\tstandalone\n');
    expect(text).toContain('zk_znode_count\t4\n');
  });

  test('dump names the owners of ephemeral nodes', () => {
    const ensemble = Ensemble.serving({ members: 1 });
    ensemble.connect(1).create('/e', 1);
    expect(answerOf(ensemble, 'dump')).toMatch(/\(1\):\n0x1[0-9a-f]+:\n\t\/e\n$/);
  });

  test('that is not in the whitelist is not executed', () => {
    const admin = { version: '', builtOn: '', whitelist: ['srvr'], configuration: [] };
    const ensemble = Ensemble.serving({ members: 1, config: { admin } });
    expect(answerOf(ensemble, 'stat')).toBe(
      'stat is not executed because it is not in the whitelist.\n',
    );
  });

  test('srvr says so while the member does not serve', () => {
    const ensemble = new Ensemble();
    ensemble.start(1);
    ensemble.settle();
    expect(answerOf(ensemble, 'srvr')).toBe(
      'This ZooKeeper instance is not currently serving requests\n',
    );
  });
});
