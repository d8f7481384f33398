import { type Machine, type TraceEffect } from '@zookafka/base';
import { type History } from './history.ts';
import { type Learner, type Learners } from './learners.ts';
import { type Vote, type ZabRules } from './rules.ts';
import { type ZabConfig, type ZabEffect } from './types.ts';
import {
  type AckEpochMessage,
  type ElectionNotification,
  type LearnerInfoMessage,
  type LearnerMessage,
} from '@zookafka/zookeeper-wire';

/** What every phase's machine is built with; history and learners are shared with the other phases. */
export interface PhaseParts {
  readonly config: ZabConfig;
  readonly rules: ZabRules;
  readonly history: History;
  readonly learners: Learners;
}

/** The member cannot go on in its role, and looks again. The reason is a constant. */
export interface GiveUp {
  readonly kind: 'giveUp';
  readonly reason: string;
}

/** Fast leader election. `settled`: the epoch that the elected leader now serves in. */
export type ElectionInput =
  | { readonly kind: 'begin'; readonly vote: Vote }
  | { readonly kind: 'settled'; readonly epoch: number }
  | {
      readonly kind: 'notification';
      readonly from: number;
      readonly notification: ElectionNotification;
    }
  | { readonly kind: 'voteLinkUp'; readonly peer: number }
  | { readonly kind: 'timer'; readonly timer: 'finalize' | 'resend' };

/** What an election comes to. */
export type ElectionEffect =
  | Extract<ZabEffect, { readonly kind: 'sendNotification' | 'setTimer' | 'cancelTimer' }>
  | TraceEffect
  | { readonly kind: 'elected'; readonly leader: number };

/** Discovery at the leader: a quorum promises a new epoch. */
export type LeaderDiscoveryInput =
  | { readonly kind: 'begin' }
  | { readonly kind: 'durable' }
  | {
      readonly kind: 'followerInfo';
      readonly learner: Learner;
      readonly message: LearnerInfoMessage;
    }
  | { readonly kind: 'ackEpoch'; readonly learner: Learner; readonly message: AckEpochMessage };

/** `discovered`: the epoch is promised by a quorum; `refused`: this learner broke the protocol. */
export type LeaderDiscoveryEffect =
  | ZabEffect
  | GiveUp
  | { readonly kind: 'discovered'; readonly epoch: number }
  | { readonly kind: 'refused'; readonly learner: Learner; readonly reason: string };

/** Synchronization at the leader: a quorum holds its history. `acknowledged`: NEWLEADER was. */
export type LeaderSynchronizationInput =
  | { readonly kind: 'begin'; readonly epoch: number }
  | { readonly kind: 'durable' }
  | {
      readonly kind: 'synchronize' | 'snapshotDone' | 'acknowledged';
      readonly learner: Learner;
    };

/** `established`: a quorum acknowledged NEWLEADER. */
export type LeaderSynchronizationEffect =
  | ZabEffect
  | { readonly kind: 'established' }
  | { readonly kind: 'refused'; readonly learner: Learner; readonly reason: string };

/** Broadcast at the leader. */
export type LeaderBroadcastInput =
  | { readonly kind: 'begin'; readonly epoch: number }
  /** The log here, or an acknowledgement, reaches further than before. */
  | { readonly kind: 'durable' | 'synchronized' }
  | { readonly kind: 'propose'; readonly zxid: number; readonly bytes: Uint8Array }
  | { readonly kind: 'ack'; readonly learner: Learner; readonly zxid: number };

/** What a leader's broadcast comes to. */
export type LeaderBroadcastEffect =
  | ZabEffect
  | GiveUp
  | { readonly kind: 'refused'; readonly learner: Learner; readonly reason: string };

/** A phase at a learner: everything that its leader sends. `begin` tells the link and, later, the epoch. */
export type LearnerPhaseInput =
  | { readonly kind: 'begin'; readonly link: number; readonly epoch: number }
  | { readonly kind: 'end' }
  | { readonly kind: 'durable' }
  | { readonly kind: 'message'; readonly message: LearnerMessage };

/** `discovered`: the promise is given; `upToDate`: the history is the leader's, serving may begin. */
export type LearnerPhaseEffect =
  | ZabEffect
  | GiveUp
  | { readonly kind: 'discovered'; readonly epoch: number }
  | { readonly kind: 'upToDate' };

/** The makers of the phases' machines: a lab replaces one. */
export interface ZabPhases {
  readonly election: (parts: PhaseParts) => Machine<ElectionInput, ElectionEffect>;
  readonly leaderDiscovery: (
    parts: PhaseParts,
  ) => Machine<LeaderDiscoveryInput, LeaderDiscoveryEffect>;
  readonly leaderSynchronization: (
    parts: PhaseParts,
  ) => Machine<LeaderSynchronizationInput, LeaderSynchronizationEffect>;
  readonly leaderBroadcast: (
    parts: PhaseParts,
  ) => Machine<LeaderBroadcastInput, LeaderBroadcastEffect>;
  readonly learnerDiscovery: (parts: PhaseParts) => Machine<LearnerPhaseInput, LearnerPhaseEffect>;
  readonly learnerSynchronization: (
    parts: PhaseParts,
  ) => Machine<LearnerPhaseInput, LearnerPhaseEffect>;
  readonly learnerBroadcast: (parts: PhaseParts) => Machine<LearnerPhaseInput, LearnerPhaseEffect>;
}
