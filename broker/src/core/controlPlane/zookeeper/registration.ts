import { type Prng } from '@zookafka/base';
import { errorCodes, sameSession, sessionIdText, type SessionId } from '@zookafka/zookeeper-wire';
import { randomId } from '../topicRules.ts';
import {
  decodeBroker,
  encodeBroker,
  endpointClash,
  type BrokerEndpoint,
  type BrokerPayload,
} from './brokerPayload.ts';
import { indexOf, brokerPath, lastingZnodes, znodes } from './znodePaths.ts';
import { decodeClusterId, encodeClusterId } from './smallPayloads.ts';
import {
  ask,
  create,
  list,
  multi,
  read,
  readAll,
  remove,
  setData,
  statOf,
  ZookeeperAnswerError,
  type Task,
} from './task.ts';

/** How often a broker tries again at once when its znode goes while it is looked at. */
const registrationAttemptsMax = 5;

/** Who registers. */
export interface Registrant {
  readonly broker: number;
  readonly payload: BrokerPayload;
  readonly session: SessionId;
  /** The session that this broker held before: its registration, if it is still there, is the broker's own. */
  readonly sessionBefore: SessionId | null;
  readonly isWatching: boolean;
}

/** What became of a registration. */
export type Registration =
  | { readonly kind: 'registered'; readonly brokerEpoch: number }
  /** Another session holds the znode: it ends, or it is another process with this broker's id. */
  | { readonly kind: 'taken'; readonly owner: string }
  | { readonly kind: 'clash'; readonly broker: number; readonly endpoint: BrokerEndpoint };

/** Creates what every broker needs to be there; what is there already stays as it is. */
export function* createLastingZnodes(): Task {
  const answers = yield lastingZnodes.map((path) => create(path, null));
  for (const [index, { err }] of answers.entries()) {
    if (err === 0 || err === errorCodes.NodeExists) continue;
    throw new ZookeeperAnswerError(err, `create ${lastingZnodes[index] as string}`);
  }
}

/** @returns the cluster's id: the one that is there, or one drawn now */
export function* clusterIdOrDraw(prng: Prng): Task<string> {
  for (;;) {
    const found = yield* read(znodes.clusterId);
    const id = decodeClusterId(found?.data ?? null);
    if (id !== undefined) return id;
    if (found !== null) {
      throw new ZookeeperAnswerError(errorCodes.DataInconsistency, 'read the id of the cluster');
    }
    yield* ask(create(znodes.clusterId, encodeClusterId(randomId(prng))));
  }
}

/**
 * Registers a broker: one transaction creates its znode and fills it, so that the znode's czxid comes back in the
 * second one's Stat: it is the broker epoch, by which one life of the broker is told from the next.
 *
 * Source: Apache Kafka, `KafkaZkClient.registerBroker` (KIP-380).
 */
export function* register(registrant: Registrant): Task<Registration> {
  const clash = yield* findClash(registrant);
  if (clash !== null) return clash;
  const path = brokerPath(registrant.broker);
  let owner = '';
  for (let attempt = 0; attempt < registrationAttemptsMax; attempt++) {
    const outcome = yield* multi([
      create(path, null, true),
      setData(path, encodeBroker(registrant.payload), 0),
    ]);
    if (outcome.err === 0) {
      return { kind: 'registered', brokerEpoch: statOf(outcome, 1).czxid };
    }
    if (outcome.err !== errorCodes.NodeExists) {
      throw new ZookeeperAnswerError(outcome.err, `create ${path}`);
    }
    const found = yield* read(path, registrant.isWatching);
    if (found === null) continue;
    const { ephemeralOwner, czxid } = found.stat;
    // An earlier attempt of ours, whose answer was lost.
    if (sameSession(ephemeralOwner, registrant.session)) {
      return { kind: 'registered', brokerEpoch: czxid };
    }
    owner = sessionIdText(ephemeralOwner);
    const before = registrant.sessionBefore;
    if (before === null || !sameSession(ephemeralOwner, before)) return { kind: 'taken', owner };
    yield* ask(remove(path));
  }
  return { kind: 'taken', owner };
}

function* findClash(registrant: Registrant): Task<Registration | null> {
  const names = yield* list(znodes.brokerIds);
  const brokers = names
    .map((name) => indexOf(name))
    .filter((broker) => broker !== undefined && broker !== registrant.broker) as number[];
  const found = yield* readAll(brokers.map((broker) => brokerPath(broker)));
  for (const [index, znode] of found.entries()) {
    const other = decodeBroker(znode?.data ?? null);
    if (other === undefined) continue;
    const endpoint = endpointClash(registrant.payload.endpoints, other.endpoints);
    if (endpoint !== undefined)
      return { kind: 'clash', broker: brokers[index] as number, endpoint };
  }
  return null;
}
