export { BrokerError, BrokerNode, type BrokerNodeOptions } from './brokerNode.ts';
export {
  type BrokerConfiguration,
  type ControllerSettings,
  readBrokerConfiguration,
  type SocketSettings,
  type ZookeeperSettings,
} from './configuration.ts';
export { type Address } from './listeners.ts';
export { LogFolderError, type LogFolderRefusal } from './logFolders.ts';
export { LogWriteError } from './logs.ts';
export { type LogSettings, type TopicSettings } from './logSettings.ts';
export { runBroker } from './runBroker.ts';
export { ListenError } from './socketServer.ts';
