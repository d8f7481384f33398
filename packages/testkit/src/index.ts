export { collect, plainText } from './collect.ts';
export { runGolden, type Directive } from './golden.ts';
export { describeWithShared, repositoryRoot, sharedPath } from './shared.ts';
export { temporaryFolder } from './temporaryFolder.ts';
