export { EnsembleClient, type EnsembleClientOptions } from './cluster/ensembleClient.ts';
export {
  type ClusterDescription,
  type ClusterLayout,
  findCluster,
  layOut,
  type NodeLayout,
} from './cluster/layout.ts';
export { killNodes } from './cluster/nodeProcess.ts';
export { main } from './main.ts';
export {
  type Anatomy,
  type ClusterEvent,
  lastAnatomy,
  mergeEvents,
  parseEvents,
} from './output/anatomy.ts';
