export { processClock, type Clock } from './clock.ts';
export { EventLog, type EventLine, type EventLogOptions } from './eventLog.ts';
export {
  crashText,
  exitCodes,
  runMain,
  writePidFile,
  type MainControl,
  type MainOptions,
  type RunningProgram,
} from './lifecycle.ts';
export {
  createLog,
  silentLog,
  type Log,
  type LogFields,
  type LogLevel,
  type LogOptions,
} from './log.ts';
export {
  MachineDriver,
  type MachineDriverOptions,
  type ShellEffect,
  type TimerEffect,
} from './machineDriver.ts';
export { makeFolder } from './makeFolder.ts';
export { NodeFileSystem, type ReadAllocator, syncDirectory } from './nodeFileSystem.ts';
export {
  Properties,
  PropertiesError,
  type IntegerRange,
  type PropertiesRefusal,
} from './properties.ts';
export {
  connectTcp,
  TcpConnection,
  TransportError,
  type TcpAddress,
  type TcpHandlers,
  type TcpLimits,
  type TransportRefusal,
} from './tcpConnection.ts';
export { receivedMemory } from './receivedMemory.ts';
export { TcpServer, type TcpServerOptions } from './tcpServer.ts';
export {
  connectWebSocket,
  WebSocketConnection,
  type WebSocketAddress,
  type WebSocketHandlers,
  type WebSocketLimits,
} from './webSocketConnection.ts';
export {
  createWebSocketServer,
  type WebSocketPath,
  type WebSocketServerOptions,
} from './webSocketServer.ts';
export { loadCodecs, type NativeCodecs } from './nativeCodecs.ts';
export { FolderError, lockFolder, type FolderLock, type FolderRefusal } from './folderLock.ts';
export { openMemberStore } from './store/memberStore.ts';
export {
  StoreError,
  type MemberMeta,
  type MemberStore,
  type RecoveredMember,
  type SnapshotReader,
  type SnapshotStream,
  type StoredEntry,
  type StoreEvents,
  type StoreOptions,
  type StoreRefusal,
  type StoreRequest,
} from './store/storeTypes.ts';
