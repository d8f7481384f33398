export { type ByteLink, type ByteLinkHandlers, type ConnectHandlers } from './byteLink.ts';
export { type Clock, monotonicUs, systemClock } from './clock.ts';
export {
  type DialectServerOptions,
  listenDialects,
  type ListeningServer,
} from './dialectServer.ts';
export { EventLog } from './eventLog.ts';
export { type FolderLock, lockFolder } from './folderLock.ts';
export { exitCodeFailed, type Program, runProgram } from './lifecycle.ts';
export { type LogFields, type Logger, type LogLevel, makeLogger } from './logger.ts';
export { type DriverOptions, MachineDriver } from './machineDriver.ts';
export { MemberStore, type MemberStoreOptions } from './memberStore.ts';
export {
  type RecoveredMember,
  type StoreAnswer,
  type StoredEntry,
  type StoreOperation,
} from './memberStoreTypes.ts';
export { nodeFileSystem } from './nodeFileSystem.ts';
export {
  ConfigurationError,
  type ConfigurationRefusal,
  type IntegerRange,
  parseProperties,
  Properties,
} from './properties.ts';
export { StoreError, type StoreRefusal } from './storeError.ts';
export { connectTcp, tcpLink, type TcpTarget } from './tcpLink.ts';
export { connectWebSocket, serveWebSockets, type WebSocketServerOptions } from './webSocketLink.ts';
