export * from './controlPlane/index.ts';
