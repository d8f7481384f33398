/** The commands against one running cluster, in the order in which a person would come upon them. */
import { isAlive } from '../../src/alive.ts';
import { eventually } from '../../src/eventually.ts';
import { answerOf, spawnZookafka } from '../../src/zookafka.ts';
import { clusterTimeoutMs, type ReadyLine, type StatusLine, testCluster } from '../cluster.ts';

jest.setTimeout(clusterTimeoutMs);

const cluster = testCluster({ coordinators: 3, brokers: 3 });

/** How long a broker that was killed is missed, and what follows from it. */
const failOverMsMax = 30_000;
/** Reading ends when nothing comes, so that a lack is seen and not waited for. */
const idle = ['--timeout-ms', '20000'];

function statusWhere(
  what: string,
  isSo: (status: StatusLine) => boolean,
  timeoutMs = failOverMsMax,
): Promise<StatusLine> {
  return eventually(
    what,
    async () => {
      const status = await cluster().status();
      return isSo(status) ? status : undefined;
    },
    timeoutMs,
  );
}

function allUp({ ensemble, brokers, controller, topics }: StatusLine): boolean {
  return (
    ensemble.leader !== null &&
    controller !== null &&
    ensemble.members.every(({ state }) => state === 'leading' || state === 'following') &&
    brokers.every(({ state }) => state === 'up') &&
    topics.every(({ partitions }) =>
      partitions.every(({ isr, replicas }) => isr.length === replicas.length),
    )
  );
}

describe('up', () => {
  it("prints one line with exactly the contract's keys", () => {
    const { ready, data, portOffset } = cluster();
    expect(Object.keys(ready)).toEqual([
      'zookeeper',
      'bootstrap',
      'coordinators',
      'brokers',
      'data',
      'readyMs',
    ]);
    const at = (first: number, index: number): string => `127.0.0.1:${first + index + portOffset}`;
    expect(ready).toEqual({
      zookeeper: [0, 1, 2].map((index) => at(2181, index)).join(','),
      bootstrap: [0, 1, 2].map((index) => at(9092, index)).join(','),
      coordinators: [0, 1, 2].map((index) => ({
        name: `coordinator-${index + 1}`,
        pid: expect.any(Number) as number,
        client: at(2181, index),
        websocket: `ws://${at(2181, index)}/zookeeper`,
      })),
      brokers: [0, 1, 2].map((index) => ({
        name: `broker-${index + 1}`,
        id: index + 1,
        pid: expect.any(Number) as number,
        kafka: at(9092, index),
      })),
      data,
      readyMs: expect.any(Number) as number,
    });
    const pids = [...ready.coordinators, ...ready.brokers].map(({ pid }) => pid);
    expect(new Set(pids).size).toBe(6);
    expect(pids.every(isAlive)).toBe(true);
  });

  it('says that the cluster runs, the second time', async () => {
    const { code, stdout, stderr } = await cluster().run(['up', '--detach']);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^zookafka: The cluster in \S+ runs already: [^\n]+\n$/);
  });

  it('refuses another shape in the same folder', async () => {
    const { code, stderr } = await cluster().run(['up', '--detach', '--brokers', '4']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^zookafka: \S+ holds a cluster of 3 coordinators[^\n]+\n$/);
  });
});

describe('topics, produce, consume and groups', () => {
  it("create and describe a topic in Kafka's layout, to the tab", async () => {
    const create = ['topics', '--create', '--topic', 'logs', '--replica-assignment', '1:2,2:3,3:1'];
    expect(await cluster().say([...create, '--config', 'min.insync.replicas=1'])).toBe(
      'Created topic logs.\n',
    );
    const text = await cluster().say(['topics', '--describe', '--topic', 'logs']);
    expect(text.replace(/TopicId: [\w-]{22}\t/, 'TopicId: *\t')).toBe(
      [
        'Topic: logs\tTopicId: *\tPartitionCount: 3\tReplicationFactor: 2\tConfigs: min.insync.replicas=1',
        '\tTopic: logs\tPartition: 0\tLeader: 1\tReplicas: 1,2\tIsr: 1,2\tElr: N/A\tLastKnownElr: N/A',
        '\tTopic: logs\tPartition: 1\tLeader: 2\tReplicas: 2,3\tIsr: 2,3\tElr: N/A\tLastKnownElr: N/A',
        '\tTopic: logs\tPartition: 2\tLeader: 3\tReplicas: 3,1\tIsr: 3,1\tElr: N/A\tLastKnownElr: N/A',
        '',
      ].join('\n'),
    );
  });

  it('refuse a topic that is there, with exit code 1', async () => {
    const words = ['topics', '--create', '--topic', 'logs', '--partitions', '1'];
    const { code, stderr } = await cluster().run(words);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^zookafka: Error while executing topic command : [^\n]*exists[^\n]*\n$/,
    );
    expect((await cluster().run([...words, '--if-not-exists'])).code).toBe(0);
  });

  it('write lines and read them back', async () => {
    const input = Array.from({ length: 30 }, (_, index) => `k${index}:v${index}\n`).join('');
    const words = ['--topic', 'logs', '--key-separator', ':', '--json'];
    const { code, stdout, stderr } = await cluster().run(['produce', ...words], input);
    expect([code, stderr]).toEqual([0, '30 of 30 records delivered\n']);
    const written = stdout.trimEnd().split('\n');
    expect(Object.keys(JSON.parse(written[0] as string) as object)).toEqual([
      'topic',
      'partition',
      'offset',
    ]);
    const consume = [
      'consume',
      '--topic',
      'logs',
      '--from-beginning',
      '--max-messages',
      '30',
      ...idle,
    ];
    const lines = (await cluster().say([...consume, '--json'])).trimEnd().split('\n');
    const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(Object.keys(records[0] as object)).toEqual([
      'topic',
      'partition',
      'offset',
      'timestampMs',
      'key',
      'value',
    ]);
    expect(records.map(({ key }) => key).sort()).toEqual(
      Array.from({ length: 30 }, (_, index) => `k${index}`).sort(),
    );
    const printed = await cluster().say(
      [...consume, '--print-key', '--partition', '0']
        .filter((word) => word !== '30' && word !== '--max-messages')
        .concat('--max-messages', '1'),
    );
    expect(printed).toMatch(/^k\d+\tv\d+\n$/);
  });

  it("show a group's lag in Kafka's layout", async () => {
    const words = ['consume', '--topic', 'logs', '--group', 'readers', '--from-beginning'];
    await cluster().say([...words, '--max-messages', '30', ...idle]);
    await cluster().say(['produce', '--topic', 'logs', '--partition', '1'], 'one\ntwo\n');
    expect(await cluster().json(['groups', '--list'])).toEqual(['readers']);
    expect(await cluster().say(['groups', '--list'])).toBe('readers\n');
    const describe = ['groups', '--describe', '--group', 'readers'];
    const rows = await cluster().json<readonly Record<string, unknown>[]>(describe);
    expect(rows.map(({ topic, partition, lag }) => [topic, partition, lag])).toEqual([
      ['logs', 0, 0],
      ['logs', 1, 2],
      ['logs', 2, 0],
    ]);
    const { stdout, stderr } = await cluster().run(describe);
    expect(stderr).toBe("\nConsumer group 'readers' has no active members.\n");
    const lines = stdout.split('\n');
    expect(lines[1]).toBe(
      'GROUP           TOPIC           PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG             CONSUMER-ID     HOST            CLIENT-ID',
    );
    expect(lines[3]).toMatch(/^readers {9}logs {12}1 {10}\d+ +\d+ +2 {15}- {15}- {15}-$/);
    const state = await cluster().json<Record<string, unknown>>([...describe, '--state']);
    expect(state).toMatchObject({ group: 'readers', state: 'Empty', members: 0 });
    expect(await cluster().json([...describe, '--members'])).toEqual([]);
    const gone = await cluster().run(['groups', '--describe', '--group', 'nobody']);
    expect([gone.code, gone.stderr]).toEqual([
      1,
      "zookafka: Error: Consumer group 'nobody' does not exist.\n",
    ]);
  });

  it('list and delete, as text and as JSON', async () => {
    await cluster().say(['topics', '--create', '--topic', 'spare', '--partitions', '1']);
    const names = await cluster().json<readonly string[]>(['topics', '--list']);
    expect(names).toEqual(['__consumer_offsets', 'logs', 'spare']);
    expect(await cluster().say(['topics', '--list', '--exclude-internal'])).toBe('logs\nspare\n');
    expect(await cluster().json(['topics', '--delete', '--topic', 'spare'])).toEqual({
      deleted: 'spare',
    });
    await eventually('the topic is gone', async () => {
      const left = await cluster().json<readonly string[]>(['topics', '--list']);
      return left.includes('spare') ? undefined : true;
    });
    const { code, stderr } = await cluster().run(['topics', '--delete', '--topic', 'spare']);
    expect(code).toBe(1);
    expect(stderr).toContain("Topic 'spare' does not exist as expected");
  });

  it('mean several topics by a regular expression, and one by its name', async () => {
    const topics = (...words: string[]): Promise<string> => cluster().say(['topics', ...words]);
    for (const name of ['red.a', 'red-a', 'red-b', 'blue']) {
      await topics('--create', '--topic', name, '--partitions', '1');
    }
    expect(await topics('--list', '--topic', 'red.*,bl.e')).toBe('blue\nred-a\nred-b\nred.a\n');
    // Kafka's tool would take red-a as well.
    await topics('--delete', '--topic', 'red.a');
    expect(await topics('--list', '--topic', 're.*')).toBe('red-a\nred-b\n');
    await topics('--delete', '--topic', 'red-.|blue');
    expect(await topics('--list', '--topic', 'red.*,blue')).toBe('');
    expect(await topics('--delete', '--topic', 'red.*', '--if-exists')).toBe('');
  });

  it('write to a topic whose batches must be small, and say which line is too long for it', async () => {
    const narrow = ['--topic', 'narrow'];
    const create = ['topics', '--create', ...narrow, '--partitions', '1'];
    await cluster().say([...create, '--config', 'max.message.bytes=200']);
    const lines = Array.from({ length: 100 }, (_, index) => `line ${index}`);
    const input = `${lines.join('\n')}\n`;
    const written = await cluster().run(['produce', ...narrow], input);
    expect([written.code, written.stderr]).toEqual([0, '100 of 100 records delivered\n']);
    const consume = ['consume', ...narrow, '--from-beginning', '--max-messages', '100', ...idle];
    expect(await cluster().say(consume)).toBe(input);
    const refused = await cluster().run(['produce', ...narrow], `${'x'.repeat(300)}\n`);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('MESSAGE_TOO_LARGE');
  });

  it('write more lines than may be under way at a time', async () => {
    const input = 'line\n'.repeat(120_000);
    const { code, stderr } = await cluster().run(['produce', '--topic', 'narrow'], input);
    expect([code, stderr]).toEqual([0, '120000 of 120000 records delivered\n']);
  });

  it.each<[string, readonly string[], NodeJS.Signals | undefined]>([
    ['when nothing comes', ['--timeout-ms', '2000'], undefined],
    ['at Ctrl-C', [], 'SIGINT'],
  ])('commit what they printed when they end %s', async (how, words, signal) => {
    const group = `ended ${how}`;
    const { bootstrap } = cluster().ready;
    const where = ['--topic', 'logs', '--group', group, '--bootstrap-server', bootstrap];
    const child = spawnZookafka(['consume', ...where, '--from-beginning', ...words]);
    const answer = answerOf(child, ['consume', ...where]);
    let count = 0;
    child.stdout?.on('data', (chunk: Buffer) => {
      count += chunk.toString().split('\n').length - 1;
      if (count === 32 && signal !== undefined) child.kill(signal);
    });
    const { code, stderr } = await answer;
    expect([count, code, stderr]).toEqual([32, 0, '']);
    const describe = ['groups', '--describe', '--group', group];
    const rows = await cluster().json<readonly Record<string, unknown>[]>(describe);
    expect(rows.map(({ lag }) => lag)).toEqual([0, 0, 0]);
  });

  it.each([[[]], [['--members']], [['--state']]])(
    'describe all groups as one list: %j',
    async (words) => {
      const describe = ['groups', '--describe', '--all-groups', ...words];
      const rows = await cluster().json<readonly { readonly group: string }[]>(describe);
      const groups = ['ended at Ctrl-C', 'ended when nothing comes', 'readers'];
      const withoutMembers = words.includes('--members') ? [] : groups;
      expect([...new Set(rows.map(({ group }) => group))]).toEqual(withoutMembers);
    },
  );

  it.each([['produce'], ['consume']])('name the partitions that there are: %s', async (verb) => {
    const words = [verb, '--topic', 'narrow', '--partition', '7'];
    const { code, stdout, stderr } = await cluster().run(words);
    const sentence = 'zookafka: There is no partition narrow-7: narrow has 1, from 0 on\n';
    expect([code, stdout, stderr]).toEqual([1, '', sentence]);
  });

  it.each(['0', '1', '-1', 'all'])('write with --acks %s', async (acks) => {
    const words = ['produce', '--topic', 'narrow', '--acks', acks];
    const { code, stderr } = await cluster().run(words, 'one\n');
    const verb = acks === '0' ? 'sent' : 'delivered';
    expect([code, stderr]).toEqual([0, `1 of 1 records ${verb}\n`]);
  });
});

describe('zk', () => {
  it('creates, reads, changes and deletes a znode', async () => {
    const zk = (...words: string[]): Promise<string> => cluster().say(['zk', ...words]);
    expect(await zk('create', '/mine', 'first')).toBe('Created /mine\n');
    expect(await zk('get', '/mine')).toBe('first\n');
    expect(await zk('set', '/mine', 'second')).toBe('Set /mine, now version 1\n');
    expect(await zk('stat', '/mine')).toMatch(/^cZxid = 0x1[0-9a-f]+\n[^]*dataVersion = 1\n/);
    expect(await cluster().json(['zk', 'ls', '/brokers/ids'])).toEqual(['1', '2', '3']);
    const refused = await cluster().run(['zk', 'set', '/mine', 'third', '--version', '7']);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      'zookafka: Version does not match: /mine\n',
    ]);
    expect(await zk('set', '/mine', 'third', '-v', '1')).toBe('Set /mine, now version 2\n');
    expect(await zk('delete', '/mine')).toBe('Deleted /mine\n');
    const { code, stderr } = await cluster().run(['zk', 'get', '/mine']);
    expect([code, stderr]).toEqual([1, 'zookafka: Node does not exist: /mine\n']);
  });

  it("lists a subtree, and shows stats, with zkCli's letters", async () => {
    const zk = (...words: string[]): Promise<string> => cluster().say(['zk', ...words]);
    for (const path of ['/tree', '/tree/b', '/tree/a', '/tree/a/x', '/tree/a-']) {
      await zk('create', path, 'v');
    }
    const paths = ['/tree', '/tree/a', '/tree/a/x', '/tree/a-', '/tree/b'];
    expect(await zk('ls', '-R', '/tree')).toBe(`${paths.join('\n')}\n`);
    expect(await cluster().json(['zk', 'ls', '/tree', '--recursive'])).toEqual(paths);
    expect(await zk('ls', '-s', '/tree')).toMatch(/^\[a, a-, b\]\ncZxid = [^]*numChildren = 3\n$/);
    expect(await zk('get', '-s', '/tree/a/x')).toMatch(/^v\ncZxid = [^]*dataLength = 1\n/);
    expect(await zk('create', '-s', '/tree/n-', 'v')).toBe('Created /tree/n-0000000003\n');
  });
});

describe('status', () => {
  it('has exactly the keys of the contract', async () => {
    const status = await cluster().status();
    expect(Object.keys(status)).toEqual([
      'ensemble',
      'controller',
      'controllerEpoch',
      'brokers',
      'topics',
    ]);
    expect(Object.keys(status.ensemble)).toEqual(['leader', 'epoch', 'members']);
    for (const member of status.ensemble.members) {
      expect(Object.keys(member)).toEqual(['name', 'pid', 'state', 'zxid']);
    }
    for (const broker of status.brokers) {
      expect(Object.keys(broker)).toEqual(['name', 'id', 'pid', 'state', 'brokerEpoch']);
    }
    const logs = status.topics.find(({ name }) => name === 'logs');
    expect(Object.keys(logs ?? {})).toEqual(['name', 'partitions']);
    for (const partition of logs?.partitions ?? []) {
      expect(Object.keys(partition)).toEqual([
        'partition',
        'leader',
        'leaderEpoch',
        'replicas',
        'isr',
        'highWatermark',
      ]);
    }
    const written = logs?.partitions.reduce((sum, one) => sum + (one.highWatermark ?? 0), 0);
    expect(written).toBe(32);
    expect(allUp(status)).toBe(true);
  });

  it('is drawn for a person', async () => {
    const text = await cluster().say(['status']);
    expect(text).toMatch(/^Ensemble: leader coordinator-\d, epoch 1\n {2}MEMBER /);
    expect(text).toMatch(/\n {2}broker-1 +up(, controller)? +\d+ +\d+\n/);
    expect(text).toMatch(/\n {2}logs-0 +broker-1 +0 +1,2 +1,2 +\d+\n/);
  });
});

describe('kill, restart, pause and resume', () => {
  it('find a member by its role; it returns as a follower', async () => {
    const before = await cluster().status();
    const words = ['kill', 'coordinator-leader'];
    const killed = await cluster().json<{ killed: string; pid: number; roles: string[] }>(words);
    expect(killed.killed).toBe(before.ensemble.leader);
    expect(killed.roles).toEqual(['coordinator-leader']);
    expect(isAlive(killed.pid)).toBe(false);
    const after = await statusWhere('another leads', ({ ensemble }) => ensemble.leader !== null);
    expect(after.ensemble.leader).not.toBe(killed.killed);
    expect(after.ensemble.members).toContainEqual({
      name: killed.killed,
      pid: null,
      state: 'down',
      zxid: null,
    });
    const again = await cluster().run(['kill', killed.killed]);
    expect([again.code, again.stderr]).toEqual([
      1,
      `zookafka: Cannot signal ${killed.killed}: it is down\n`,
    ]);
    expect(await cluster().say(['restart', killed.killed])).toMatch(
      /^Restarted coordinator-\d \(pid \d+\)\n$/,
    );
    await statusWhere('all are up', allUp);
  });

  it('find the controller by its role; another takes over', async () => {
    const before = await cluster().status();
    const text = await cluster().say(['kill', 'controller']);
    expect(text).toMatch(/^Killed broker-\d \(pid \d+\): it was controller\n$/);
    const after = await statusWhere(
      'another controls',
      ({ controller }) => controller !== null && controller !== before.controller,
    );
    expect(after.controllerEpoch).toBe((before.controllerEpoch ?? 0) + 1);
    await cluster().say(['restart', before.controller ?? '']);
    await statusWhere('all are up and in sync', allUp);
  });

  it('find the leader of a partition by its role; another in-sync replica leads', async () => {
    const { topics } = await cluster().status();
    const leaderBefore = topics.find(({ name }) => name === 'logs')?.partitions[0]?.leader ?? -1;
    const { killed } = await cluster().json<{ killed: string }>(['kill', 'leader-of:logs-0']);
    expect(killed).toBe(`broker-${leaderBefore}`);
    await statusWhere('another leads', (status) => {
      const leader = status.topics.find(({ name }) => name === 'logs')?.partitions[0]?.leader ?? -1;
      return leader > 0 && leader !== leaderBefore;
    });
    const described = (filter: string): Promise<string> =>
      cluster().say(['topics', '--describe', '--topic', 'logs', `--${filter}-partitions`]);
    // Each broker that is asked learns it at its own moment.
    const lacking = await eventually('two partitions lack a replica', async () => {
      const text = await described('under-replicated');
      return text.split('\n').length === 3 ? text : undefined;
    });
    expect(lacking).toMatch(/^\tTopic: logs\tPartition: 0\tLeader: \d\tReplicas: 1,2\tIsr: \d\t/);
    for (const [filter, text] of [
      ['at-min-isr', lacking],
      ['under-min-isr', ''],
      ['unavailable', ''],
    ] as const) {
      await eventually(filter, async () => ((await described(filter)) === text ? true : undefined));
    }
    await cluster().say(['restart', killed]);
    await statusWhere('all are up and in sync', allUp);
  });

  it('stop a node in its tracks and let it go on', async () => {
    const follower = (await cluster().status()).ensemble.members.find(
      ({ state }) => state === 'following',
    );
    const name = follower?.name ?? '';
    expect(await cluster().json(['pause', name])).toMatchObject({
      paused: name,
      pid: follower?.pid,
    });
    const paused = await statusWhere('it is missed', ({ ensemble }) =>
      ensemble.members.some((member) => member.name === name && member.state === 'down'),
    );
    expect(paused.ensemble.members.find((member) => member.name === name)?.pid).toBe(follower?.pid);
    expect(await cluster().say(['resume', name])).toBe(`Resumed ${name}\n`);
    await statusWhere('all are up', allUp);
  });

  it('refuse what is no node with one sentence', async () => {
    for (const words of [
      ['kill', 'broker-9'],
      ['pause', 'leader'],
      ['restart', 'leader-of:nothing-0'],
      ['resume', 'controller'],
      ['logs', 'broker-9'],
    ]) {
      const { code, stdout, stderr } = await cluster().run(words);
      expect([words, code, stdout]).toEqual([words, 2, '']);
      expect(stderr).toMatch(/^zookafka: [^\n]+\n$/);
    }
  });
});

describe('events and logs', () => {
  it('draw the last fail-over, and list every event', async () => {
    const { anatomy, events } = await cluster().json<{
      anatomy: { fault: { node: string }; phases: { name: string }[]; totalMs: number };
      events: { node: string; event: string; monotonicMs: number; wallTime: string }[];
    }>(['events', '--all']);
    expect(anatomy.phases.map(({ name }) => name)).toEqual([
      'detect',
      'elect',
      'load',
      'decide',
      'propagate',
      'client recovers',
    ]);
    expect(events.filter(({ event }) => event === 'killed').length).toBe(3);
    const times = events.map(({ monotonicMs }) => monotonicMs);
    expect([...times].sort((left, right) => left - right)).toEqual(times);
    expect(await cluster().say(['events'])).toMatch(/^(coordinator|broker)-\d \w+/);
  });

  it('show the last lines of a node, or of each', async () => {
    const one = await cluster().say(['logs', 'broker-1', '--lines', '2']);
    expect(one.trimEnd().split('\n').length).toBe(2);
    const all = await cluster().say(['logs', '--lines', '1']);
    expect(all.match(/^==> \S+ <==$/gm)?.length).toBe(6);
  });
});

describe('down, and up again', () => {
  it('ends brokers before members', async () => {
    const { pid } = cluster().ready.coordinators[0] as ReadyLine['coordinators'][0];
    const { stopped } = await cluster().json<{ stopped: string[] }>(['down']);
    expect(stopped).toEqual([
      ...['broker-1', 'broker-2', 'broker-3'],
      ...['coordinator-1', 'coordinator-2', 'coordinator-3'],
    ]);
    expect(isAlive(pid)).toBe(false);
    const ends = cluster()
      .events()
      .filter(({ event }) => event === 'stopped')
      .map(({ node }) => node.split('-')[0]);
    expect(ends).toEqual([
      ...Array<string>(3).fill('broker'),
      ...Array<string>(3).fill('coordinator'),
    ]);
    const { ensemble, brokers } = await cluster().status();
    expect(ensemble.members.every(({ state, pid: one }) => state === 'down' && one === null)).toBe(
      true,
    );
    expect(brokers.every(({ state }) => state === 'down')).toBe(true);
    expect(await cluster().say(['down'])).toBe('Nothing was running\n');
  });

  it('says at once that nobody is there to ask', async () => {
    for (const [kind, words] of [
      ['coordinators', ['zk', 'ls', '/']],
      ['brokers', ['topics', '--list']],
    ] as const) {
      const { code, stderr } = await cluster().run(words);
      expect(code).toBe(1);
      expect(stderr).toMatch(new RegExp(`^zookafka: None of the ${kind} in .* runs: start them`));
    }
  });

  it('resumes what was there', async () => {
    const ready = await cluster().json<ReadyLine>(['up', '--detach']);
    expect(ready.bootstrap).toBe(cluster().ready.bootstrap);
    const consume = [
      'consume',
      '--topic',
      'logs',
      '--from-beginning',
      '--max-messages',
      '32',
      ...idle,
    ];
    expect((await cluster().say(consume)).trimEnd().split('\n').length).toBe(32);
    await statusWhere('all are up and in sync', allUp);
  });
});
