export {
  type CoordinatorConfiguration,
  IdentityError,
  type IdentityRefusal,
  type PeerAddress,
  readCoordinatorConfiguration,
} from './configuration.ts';
export { Coordinator, type CoordinatorOptions } from './coordinator.ts';
export { clientPath, PortError, type PortRefusal } from './ports.ts';
export { runCoordinator } from './runCoordinator.ts';
export { StorageError, type StorageRefusal } from './storage.ts';
