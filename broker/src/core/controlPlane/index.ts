export {
  controllerRules,
  type ControllerRules,
  type ElectionAnswer,
  type ElectionQuestion,
  noLeader,
} from './elections.ts';
export { assignReplicas, type AssignmentWanted } from './assignment.ts';
export { topicConfigRefusal } from './topicConfigs.ts';
export { assignmentRefusal, randomId, topicNameCollision, topicNameRefusal } from './topicRules.ts';
export {
  type ZookeeperControlPlaneOptions,
  type ZookeeperTransportEffect,
  type ZookeeperTransportInput,
} from './zookeeper/zookeeperOptions.ts';
export { ZookeeperControlPlane, zookeeperTimerPrefix } from './zookeeper/zookeeperControlPlane.ts';
