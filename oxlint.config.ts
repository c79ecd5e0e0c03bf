import { defineConfig, type OxlintOverride } from 'oxlint';

/**
 * Layers, lowest first: none imports a higher one. A glob's later override replaces an earlier one's rule, so that each
 * file is under exactly one list of what it may not import. `test/layers.test.ts` plants each violation.
 */
export const sharedRooms = ['http', 'fynd', 'session', 'store', 'tokens', 'platform', 'install', 'background'] as const;

/** The CDK, and what is built with it or runs against it. */
const infrastructure = ['**/infra/**', '**/test/**', '**/bench/**', 'aws-cdk-lib', 'aws-cdk-lib/**', 'constructs'];
const sdk = ['@aws-sdk/*', '@smithy/*'];
/** Would it make sense in an Express server? Then it is in shared/, which knows none of these. */
const aboveShared = ['**/functions/**', ...infrastructure, 'aws-lambda', '@middy/*'];
/** What the extension does, as infra/ must not know it: what lies directly in shared/ is what both agree on. */
const behaviour = ['**/functions/**', '**/shared/*/**', '**/operations/**', '**/test/**', '**/bench/**'];
const inRooms = (rooms: readonly string[]) => rooms.map((room) => `**/${room}/**`);

interface Partly {
  readonly group: string[];
  readonly allowImportNames: string[];
  readonly message: string;
}

function layer(files: string[], forbidden: readonly string[], message: string, ...partly: Partly[]): OxlintOverride {
  return {
    files,
    rules: { 'no-restricted-imports': ['error', { patterns: [{ group: [...forbidden], message }, ...partly] }] },
  };
}

const sharedLayers = sharedRooms.map((room, index) => {
  const lower = ['its own files', 'the files of shared/', ...sharedRooms.slice(0, index).map((name) => `${name}/`)];
  const higher = inRooms(sharedRooms.slice(index + 1));
  return room === 'store'
    ? layer(
        [`shared/${room}/**`],
        [...aboveShared, ...higher],
        `shared/${room}/ imports only ${lower.join(', ')} and the AWS SDK.`,
      )
    : layer(
        [`shared/${room}/**`],
        [...aboveShared, ...sdk, ...higher],
        `shared/${room}/ imports only ${lower.join(', ')}; the AWS SDK is for shared/store/ alone.`,
      );
});

/** Where tokens, sessions and other people’s rows are: an author's handler is given what it may have of them. */
const notForAuthors = ['session', 'store', 'tokens', 'install', 'background'];

const synthesized = 'What is synthesized knows neither behaviour nor the local runtime nor the commands.';

const runtime =
  'functions/runtime/ imports itself and shared/: no function, nothing of the author’s, no infrastructure, no SDK.';

const aboveSimulated = ['**/functions/**', '**/shared/**', '**/test/**', '**/bench/**'];
const simulatedSiblings = ['local', 'resources', 'bundle', 'commands'];
const simulated = 'The simulated platform knows nothing of the extension: it must not share its mistakes.';

export default defineConfig({
  plugins: ['typescript', 'import', 'unicorn', 'oxc', 'promise'],
  categories: { correctness: 'error', suspicious: 'error' },
  options: { typeAware: true },
  rules: {
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/await-thenable': 'error',
    'typescript/no-explicit-any': 'error',
    'typescript/no-non-null-assertion': 'error',
    'typescript/switch-exhaustiveness-check': 'error',
    'typescript/consistent-type-imports': 'error',
    'typescript/consistent-return': 'off',
    'typescript/no-unsafe-type-assertion': 'off',
    'import/no-cycle': 'error',
    'import/no-unassigned-import': ['error', { allow: ['**/*.css'] }],
    'no-console': 'error',
    'unicorn/prefer-node-protocol': 'error',
    'unicorn/no-array-sort': 'off',
    'unicorn/consistent-function-scoping': 'off',
    'no-await-in-loop': 'off',
    'no-underscore-dangle': 'off',
    'no-shadow': 'off',
  },
  overrides: [
    {
      files: ['shared/**'],
      rules: {
        'no-restricted-globals': [
          'error',
          { name: 'process', message: 'shared/ is handed its settings; functions/runtime/ reads the environment.' },
        ],
      },
    },
    layer(
      ['shared/*.ts'],
      [...aboveShared, ...sdk, ...inRooms(sharedRooms)],
      'The files of shared/ are its lowest layer: they import none of its rooms, no Lambda, no CDK, no SDK.',
    ),
    ...sharedLayers,
    layer(
      ['functions/*.ts'],
      ['./*.ts', './app/**', './browser/**', ...infrastructure, ...sdk],
      'Functions never import each other, the author’s handlers, the infrastructure or the SDK; what they share is in functions/runtime/ or shared/.',
    ),
    layer(['functions/runtime/*.ts'], ['../*.ts', '../app/**', ...infrastructure, ...sdk], runtime),
    layer(['functions/runtime/*/**'], ['../../*.ts', '../../app/**', ...infrastructure, ...sdk], runtime),
    layer(
      ['functions/app/**'],
      [
        '../*.ts',
        ...inRooms(notForAuthors).map((glob) => glob.replace('**/', '**/shared/')),
        '**/shared/sealing.ts',
        ...infrastructure,
      ],
      'The author’s handlers import functions/runtime/, their own files and packages, the SDK’s clients among them: no function of the template’s, none of its stores, no infrastructure.',
      {
        group: ['**/runtime/tables.ts'],
        allowImportNames: ['dynamoDb', 'table'],
        message: 'The author’s handlers have tables of their own: dynamoDb and table, none of the template’s stores.',
      },
      {
        group: ['**/runtime/secrets.ts'],
        allowImportNames: [],
        message: 'The author’s handlers have secrets of their own: secret(…) of runtime/own-settings.ts.',
      },
    ),
    layer(
      ['functions/app/**/*.test.ts', 'infra/own-*.test.ts'],
      ['**/test/**', '!**/test/kit', '!**/test/kit/**'],
      'The author’s tests import what they test and test/kit/: the rest of test/ may change with every update.',
    ),
    {
      files: ['infra/**', 'test/**', 'bench/**', 'frontend/**'],
      rules: { 'no-console': 'off' },
    },
    {
      // Listeners of the page's events may be async.
      files: ['frontend/**'],
      rules: { 'typescript/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }] },
    },
    layer(
      ['infra/commands/**', 'infra/reload/**'],
      // How the platform is spoken to is no behaviour of the extension.
      [...behaviour, '!**/shared/fynd', '!**/shared/fynd/**'],
      'infra/ imports what lies directly in shared/, how the platform is spoken to (shared/fynd/), and the configuration.',
    ),
    layer(
      ['infra/operations/**'],
      ['**/functions/**', '**/resources/**', '**/bundle/**', '**/simulated-platform/**', '**/test/**', '**/bench/**'],
      'infra/operations/ operates what serves: it imports shared/, the commands and the local runtime, nothing that is synthesized.',
    ),
    layer(
      ['infra/*.ts', 'infra/resources/**'],
      [...behaviour, '**/local/**', '**/commands/**', '**/simulated-platform/**'],
      synthesized,
    ),
    // Loads each bundle with the environment that the template gives, read as the local runtime reads it.
    layer(
      ['infra/bundle/**'],
      [
        ...behaviour,
        '**/local/*.ts',
        '**/local/{http-api,lambda,sqs,dynamodb,secrets}/**',
        '**/commands/**',
        '**/simulated-platform/**',
      ],
      synthesized,
    ),
    layer(
      ['infra/source-maps/**'],
      [...behaviour, '**/resources/**', '**/bundle/**', '**/local/{http-api,lambda,sqs}/**', '**/commands/**'],
      synthesized,
    ),
    layer(
      ['infra/local/**'],
      [
        ...behaviour,
        '**/resources/**',
        '**/bundle/**',
        '**/commands/**',
        '**/simulated-platform/**',
        'aws-cdk-lib',
        'aws-cdk-lib/**',
        'constructs',
      ],
      'infra/local/ serves what the template says: it knows neither constructs nor commands nor behaviour.',
    ),
    layer(
      ['infra/emulator/**'],
      [
        ...behaviour,
        '**/resources/**',
        '**/bundle/**',
        '**/commands/**',
        '**/simulated-platform/**',
        '../local/{http-api,lambda,sqs,dynamodb,secrets,template}/**',
        'aws-cdk-lib',
        'aws-cdk-lib/**',
        'constructs',
      ],
      'infra/emulator/ starts an account of AWS’s and asks it: it knows nothing of what is deployed there.',
    ),
    layer(
      ['infra/simulated-platform/*.ts'],
      [...aboveSimulated, '../*.ts', ...simulatedSiblings.map((name) => `../${name}/**`)],
      simulated,
    ),
    layer(
      ['infra/simulated-platform/*/**'],
      [...aboveSimulated, '../../*.ts', ...simulatedSiblings.map((name) => `../../${name}/**`)],
      simulated,
    ),
    layer(
      ['test/**', 'bench/**'],
      ['functions/app/**', 'frontend/**', 'infra/own-*', 'extension.config.ts'].flatMap((file) =>
        ['..', '../..', '../../..', '../../../..'].map((up) => `${up}/${file}`),
      ),
      'No test of the template depends on what is the author’s: test/extension/ holds an extension for the tests.',
    ),
    { files: ['test/**'], rules: { 'typescript/no-non-null-assertion': 'off' } },
  ],
});
