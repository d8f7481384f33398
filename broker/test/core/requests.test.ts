import { type BrokerEffect } from '@zookafka/broker/core';
import { errorCodes } from '@zookafka/kafka-wire';
import { World } from './world.ts';

describe('ApiVersions', () => {
  it('names exactly what is served, Produce from version 0', () => {
    const world = new World({ brokers: 1 });
    const body = world.ask(1, 'apiVersions', {
      clientSoftwareName: 'a',
      clientSoftwareVersion: '1',
    });
    expect(body.apiKeys.map(({ apiKey }) => apiKey)).toEqual([
      0, 1, 2, 3, 18, 19, 20, 22, 23, 32, 60,
    ]);
    expect(body.apiKeys[0]).toEqual({ apiKey: 0, minVersion: 0, maxVersion: 11 });
  });

  it('refuses a software name that is none', () => {
    const world = new World({ brokers: 1 });
    const body = world.ask(1, 'apiVersions', {
      clientSoftwareName: '-',
      clientSoftwareVersion: '1',
    });
    expect(body.errorCode).toBe(errorCodes.INVALID_REQUEST);
  });
});

describe('topics', () => {
  it('are created by the controller, and answered when they have leaders', () => {
    const world = new World();
    const topics = [{ name: 'new', numPartitions: 2, replicationFactor: 3 }];
    const elsewhere = world.ask(2, 'createTopics', { topics, timeoutMs: 1000 });
    expect(elsewhere.topics[0]?.errorCode).toBe(errorCodes.NOT_CONTROLLER);
    const made = world.ask(1, 'createTopics', { topics, timeoutMs: 1000 });
    expect(made.topics[0]).toMatchObject({ name: 'new', errorCode: 0, numPartitions: 2 });
    const known = world.ask(1, 'metadata', { topics: [{ name: 'new' }] });
    expect(known.topics[0]?.partitions.map(({ leaderId }) => leaderId)).toEqual([1, 1]);
  });

  it('are refused when named twice', () => {
    const world = new World();
    const topic = { name: 'new', numPartitions: 1, replicationFactor: 1 };
    const body = world.ask(1, 'createTopics', { topics: [topic, topic], timeoutMs: 1000 });
    expect(body.topics).toMatchObject([{ errorCode: errorCodes.INVALID_REQUEST }]);
  });

  it('are made when somebody asks for their metadata, unless that is not wanted', () => {
    const world = new World();
    const asked = (allowAutoTopicCreation: boolean) =>
      world.ask(2, 'metadata', { topics: [{ name: 'auto' }], allowAutoTopicCreation }).topics[0]
        ?.errorCode;
    expect(asked(false)).toBe(errorCodes.UNKNOWN_TOPIC_OR_PARTITION);
    expect(asked(true)).toBe(errorCodes.LEADER_NOT_AVAILABLE);
    world.run(50);
    expect(asked(false)).toBe(0);
  });

  it('are deleted by the controller, and answered when they are gone', () => {
    const world = new World();
    world.createTopic('t', [[1, 2, 3]]);
    world.run(50);
    const body = world.ask(1, 'deleteTopics', {
      topics: [{ name: 't' }, { name: 'u' }],
      timeoutMs: 1000,
    });
    expect(body.responses).toMatchObject([
      { name: 't', errorCode: 0 },
      { name: 'u', errorCode: errorCodes.UNKNOWN_TOPIC_OR_PARTITION },
    ]);
    expect(world.diskLogs(1).size).toBe(0);
  });
});

describe('metadata', () => {
  it('says LEADER_NOT_AVAILABLE where nobody leads, and names replicas that are not there', () => {
    const world = new World();
    world.createTopic('t', [[1, 2, 3]]);
    world.run(50);
    world.kill(3);
    world.expire(3);
    world.elect(-1);
    world.run(20);
    const body = world.ask(1, 'metadata', { topics: null });
    expect(body.controllerId).toBe(1);
    expect(body.brokers.map(({ nodeId }) => nodeId)).toEqual([1, 2]);
    expect(body.topics[0]?.partitions[0]).toMatchObject({
      errorCode: errorCodes.LEADER_NOT_AVAILABLE,
      leaderId: -1,
      offlineReplicas: [3],
    });
  });

  it('refuses a name that no topic may have', () => {
    const world = new World();
    const body = world.ask(1, 'metadata', { topics: [{ name: 'a b' }] });
    expect(body.topics[0]?.errorCode).toBe(errorCodes.INVALID_TOPIC_EXCEPTION);
  });

  it('refuses topics named by their ids where the version has no answer for them', () => {
    const world = new World();
    const topics = [{ name: null, topicId: 'fMCL8kv1SWm87L_Md-I2hg' }];
    const errorOf = (version: number) =>
      world.ask(1, 'metadata', { topics }, { version }).topics[0]?.errorCode;
    expect(errorOf(11)).toBe(errorCodes.INVALID_REQUEST);
    expect(errorOf(12)).toBe(errorCodes.UNKNOWN_TOPIC_ID);
  });
});

describe('a broker', () => {
  it('gives every producer an id of its own', () => {
    const world = new World();
    const ids = Array.from(
      { length: 25 },
      () =>
        world.ask(2, 'initProducerId', { transactionalId: null, transactionTimeoutMs: 1 })
          .producerId,
    );
    expect(new Set(ids).size).toBe(25);
  });

  it('refuses transactions', () => {
    const world = new World();
    const body = world.ask(1, 'initProducerId', { transactionalId: 'x', transactionTimeoutMs: 1 });
    expect(body.errorCode).toBe(errorCodes.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
  });

  it('closes a connection that asks for what is not served', () => {
    const world = new World();
    const answer = world.request(1, 'joinGroup', {
      groupId: 'g',
      sessionTimeoutMs: 1,
      memberId: '',
      protocolType: 'consumer',
      protocols: [],
    });
    world.run(20);
    expect(answer.isClosed).toBe(true);
  });

  it('holds requests until it is registered and knows the whole metadata', () => {
    const world = new World();
    world.kill(2);
    world.start(2);
    const answer = world.request(2, 'metadata', { topics: null });
    world.run(3);
    expect(answer.body).toBeUndefined();
    world.run(50);
    expect(answer.body?.brokers).toHaveLength(3);
  });

  it('tells settings of topics and of itself', () => {
    const world = new World();
    world.createTopic('t', [[1]], { 'min.insync.replicas': '2' });
    world.run(50);
    const body = world.ask(1, 'describeConfigs', {
      resources: [
        { resourceType: 2, resourceName: 't', configurationKeys: ['min.insync.replicas'] },
        { resourceType: 4, resourceName: '1', configurationKeys: ['broker.id'] },
        { resourceType: 4, resourceName: '2', configurationKeys: null },
      ],
    });
    expect(body.results.map(({ errorCode }) => errorCode)).toEqual([
      0,
      0,
      errorCodes.INVALID_REQUEST,
    ]);
    expect(body.results[0]?.configs).toMatchObject([{ value: '2', configSource: 1 }]);
    expect(body.results[1]?.configs).toMatchObject([{ value: '1', configSource: 5 }]);
  });

  it('describes the cluster', () => {
    const world = new World();
    const body = world.ask(3, 'describeCluster', {});
    expect(body).toMatchObject({ clusterId: 'cluster', controllerId: 1 });
    expect(body.brokers).toHaveLength(3);
  });
});

describe('an unknown version', () => {
  it('of ApiVersions is answered in version 0, with what there is', () => {
    const answers = answersTo({ apiKey: 18, apiVersion: 9 });
    expect(answers).toMatchObject([
      { kind: 'respond', apiVersion: 0, body: { errorCode: errorCodes.UNSUPPORTED_VERSION } },
    ]);
  });

  it('of anything else ends the connection', () => {
    expect(answersTo({ apiKey: 0, apiVersion: 2 })).toMatchObject([{ kind: 'closeConnection' }]);
  });
});

/** What a broker does with a request that the shell could not decode. */
function answersTo(asked: { apiKey: number; apiVersion: number }): BrokerEffect[] {
  const world = new World({ brokers: 1 });
  const effects: BrokerEffect[] = [];
  world.processes.get(1)?.broker.step(
    {
      kind: 'request',
      connection: 1_000_000,
      correlationId: 1,
      ...asked,
      clientId: null,
      clientHost: '',
      body: null,
      wallMs: 1,
    },
    world.nowMs,
    effects,
  );
  return effects.filter(({ kind }) => kind === 'respond' || kind === 'closeConnection');
}
