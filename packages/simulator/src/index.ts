export {
  DiskError,
  SimulatedFileSystem,
  type DiskOperation,
  type DiskProbe,
  type DiskRefusal,
} from './simulatedFileSystem.ts';
export { Violation } from './history.ts';
export { Simulation, type SimulationOptions, type SimulationReport } from './simulation.ts';
export { type FaultKind, faultKinds } from './swarm.ts';
