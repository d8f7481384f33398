export { clientPath, serverPath } from './chroot.ts';
export {
  type ConnectString,
  ConnectStringError,
  type ConnectStringRefusal,
  parseConnectString,
} from './connectString.ts';
export { ZookeeperSession } from './sessionMachine.ts';
export {
  type SessionAuth,
  sessionDefaults,
  type SessionEffect,
  type SessionInput,
  type SessionOptions,
  type SessionOutcome,
  type SessionRequest,
  type SessionState,
  type SessionTimer,
  type StateEffect,
  type StoredSession,
  type WatchEffect,
} from './types.ts';
export { WatchRegistry } from './watchRegistry.ts';
