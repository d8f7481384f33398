export { classicGroups } from './coordinator.ts';
export {
  type CommitQuestion,
  type ExpiryQuestion,
  groupRules,
  type GroupRules,
  type InstanceQuestion,
  type JoinProgress,
  type SilenceQuestion,
} from './groupRules.ts';
export { type GroupState } from './groupState.ts';
