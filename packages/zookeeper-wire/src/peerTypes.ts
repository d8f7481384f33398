import { type PeerMessage, type PeerRole, type PeerState } from './peerMessages.ts';

/** Roles by their number on the wire. */
export const peerRoles: readonly PeerRole[] = ['participant', 'observer'];

/** States by their number on the wire. */
export const peerStates: readonly PeerState[] = ['looking', 'following', 'leading', 'observing'];

/** Packet types: ZooKeeper's own, and above 100 those that it has no packet for. */
export const peerTypes: Readonly<Record<PeerMessage['kind'], number>> = {
  request: 1,
  proposal: 2,
  ack: 3,
  commit: 4,
  ping: 5,
  pingReply: 5,
  revalidate: 6,
  revalidated: 6,
  sync: 7,
  inform: 8,
  newLeader: 10,
  followerInfo: 11,
  upToDate: 12,
  diff: 13,
  trunc: 14,
  snap: 15,
  observerInfo: 16,
  leaderInfo: 17,
  ackEpoch: 18,
  hello: 101,
  notification: 102,
  snapChunk: 103,
  snapEnd: 104,
};
