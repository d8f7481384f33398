export {
  committableZxid,
  type EpochJudgement,
  hasQuorum,
  type HistoryClaim,
  isBetterVote,
  isLastOfEpoch,
  isNewerHistory,
  isNextZxid,
  judgeLeaderEpoch,
  type NewLeaderStep,
  nextEpoch,
  type Synchronization,
  type SynchronizationFacts,
  synchronizationFor,
  type Vote,
  type ZabRules,
  zabRules,
} from './rules.ts';
export {
  type ApplicationMessage,
  type LogEntry,
  type PingMessage,
  type RecoveredState,
  type RoleEffect,
  type ZabConfig,
  type ZabEffect,
  type ZabInput,
  type ZabRole,
  type ZabTimer,
} from './types.ts';
export { Election } from './election.ts';
export { type EffectSink, History } from './history.ts';
export { Learner, Learners, type LearnerStage } from './learners.ts';
export {
  type ElectionEffect,
  type ElectionInput,
  type GiveUp,
  type LeaderBroadcastEffect,
  type LeaderBroadcastInput,
  type LeaderDiscoveryEffect,
  type LeaderDiscoveryInput,
  type LeaderSynchronizationEffect,
  type LeaderSynchronizationInput,
  type LearnerPhaseEffect,
  type LearnerPhaseInput,
  type PhaseParts,
  type ZabPhases,
} from './phases.ts';
export { TransactionLog, type TransactionLogLimits } from './transactionLog.ts';
export { Zab, type ZabOptions, zabPhases } from './zab.ts';
