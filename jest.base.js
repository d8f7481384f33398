const { basename } = require('node:path');

/**
 * The Jest configuration of one workspace.
 *
 * A file `*.slow.test.ts` starts processes or runs many seeds: `npm test` runs it, `npm run check` does not.
 *
 * @param {string} rootDir the workspace's folder
 * @returns {import('jest').Config}
 */
module.exports = (rootDir) => ({
  rootDir,
  displayName: basename(rootDir),
  testEnvironment: 'node',
  // Workspaces resolve to their TypeScript sources: tests never wait for a build.
  testEnvironmentOptions: { customExportConditions: ['source', 'node', 'node-addons'] },
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
  },
});
