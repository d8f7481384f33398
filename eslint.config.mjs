import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** Code whose every behaviour is a function of its inputs. */
const pure = [
  ...[
    'base',
    'zookeeper-wire',
    'kafka-wire',
    'zab',
    'zookeeper-session',
    'partition-log',
    'simulator',
  ].map((name) => `packages/${name}/src/**/*.ts`),
  ...['coordinator', 'broker', 'client'].map((name) => `${name}/src/core/**/*.ts`),
];

const size = { skipBlankLines: true, skipComments: true };

export default defineConfig(
  globalIgnores(['**/lib/', '**/lib-test/', '**/coverage/', '.nx/']),
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      // Size: a function fits on a screen, a module fits in a head.
      'max-lines': ['error', { max: 400, ...size }],
      'max-lines-per-function': ['error', { max: 60, ...size }],
      complexity: ['error', 16],
      'max-depth': ['error', 3],
      'max-params': ['error', 4],
      // Control flow that can be checked.
      eqeqeq: 'error',
      // Nominal by accident: winston's own transports fail it.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: true },
      ],
      // An index that is known to exist is taken with `as`: `!` is easily overlooked.
      '@typescript-eslint/non-nullable-type-assertion-style': 'off',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true, allowNullish: true },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: 'TSEnumDeclaration', message: 'Use a union of literals.' },
        { selector: 'ExportDefaultDeclaration', message: 'Export by name.' },
      ],
    },
  },
  {
    files: pure,
    rules: {
      'no-restricted-globals': ['error', { name: 'Date', message: 'Take nowMs as an argument.' }],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Draw from the injected Prng.' },
      ],
      // Implementation-defined results would make a seed's history depend on the platform.
      'no-restricted-syntax': [
        'error',
        { selector: 'TSEnumDeclaration', message: 'Use a union of literals.' },
        { selector: 'ExportDefaultDeclaration', message: 'Export by name.' },
        {
          selector:
            "CallExpression[callee.object.name='Math'][callee.property.name=/^(sin|cos|tan|exp|log|log2|log10|pow|cbrt)$/]",
          message: 'Its last bits differ between platforms: use integers.',
        },
        { selector: "NewExpression[callee.name='Function']", message: 'It must run in a page.' },
      ],
    },
  },
  {
    files: ['**/test/**/*.ts'],
    rules: { 'max-lines-per-function': 'off', 'max-lines': 'off', complexity: 'off' },
  },
  {
    files: ['**/*.{js,mjs}'],
    languageOptions: {
      globals: {
        module: 'writable',
        require: 'readonly',
        __dirname: 'readonly',
        process: 'readonly',
        console: 'readonly',
      },
    },
  },
);
