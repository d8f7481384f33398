/** @type {import('jest').Config} */
module.exports = {
  projects: [
    '<rootDir>/packages/*',
    '<rootDir>/coordinator',
    '<rootDir>/broker',
    '<rootDir>/client',
    '<rootDir>/integration-tests',
  ],
};
