import * as fc from 'fast-check';
import { epochMax, type PeerMessage } from '../src/index.ts';
import { buffer, int, session, text } from './arbitraries.ts';

const zxid = fc.oneof(fc.constant(-1), fc.maxSafeNat());
const epoch = fc.integer({ min: 0, max: epochMax });
const serverId = fc.integer({ min: 0, max: 255 });
const ensembleId = fc.option(text, { nil: null });
const touched = fc.array(fc.record({ sessionId: session, timeoutMs: int }), { maxLength: 4 });
const authInfo = fc.array(fc.record({ scheme: text, id: text }), { maxLength: 3 });

const kinds = <Kind extends string>(...values: Kind[]): fc.Arbitrary<Kind> =>
  fc.constantFrom(...values);

/** Any message that a member can send. */
export const peerMessage: fc.Arbitrary<PeerMessage> = fc.oneof(
  fc.record({
    kind: kinds('request'),
    sessionId: session,
    cxid: int,
    op: int,
    authInfo,
    body: buffer,
  }),
  fc.record({ kind: kinds('proposal', 'inform'), zxid, transaction: buffer }),
  fc.record({ kind: kinds('ack', 'commit', 'ping', 'diff', 'trunc', 'snap'), zxid }),
  fc.record({ kind: kinds('upToDate', 'snapEnd') }),
  fc.record({ kind: kinds('pingReply'), zxid, touched }),
  fc.record({ kind: kinds('revalidate'), sessionId: session, timeoutMs: int }),
  fc.record({ kind: kinds('revalidated'), sessionId: session, isValid: fc.boolean() }),
  fc.record({ kind: kinds('sync'), sessionId: session, cxid: int }),
  fc.record({
    kind: kinds('followerInfo', 'observerInfo'),
    acceptedEpoch: epoch,
    serverId,
    protocolVersion: int,
  }),
  fc.record({ kind: kinds('leaderInfo'), epoch, ensembleId }),
  fc.record({ kind: kinds('ackEpoch'), lastZxid: zxid, currentEpoch: int }),
  fc.record({ kind: kinds('newLeader'), epoch }),
  fc.record({ kind: kinds('snapChunk'), bytes: buffer }),
  fc.record({
    kind: kinds('hello'),
    protocolVersion: int,
    ensembleId,
    serverId,
    role: kinds('participant', 'observer'),
  }),
  fc.record({
    kind: kinds('notification'),
    state: kinds('looking', 'following', 'leading', 'observing'),
    leader: serverId,
    zxid,
    electionEpoch: fc.maxSafeNat(),
    peerEpoch: fc.integer({ min: -1, max: epochMax }),
  }),
);
