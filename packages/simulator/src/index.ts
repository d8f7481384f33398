export {
  DiskError,
  SimulatedFileSystem,
  type DiskOperation,
  type DiskProbe,
  type DiskRefusal,
} from './simulatedFileSystem.ts';
