import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { sharedRooms } from '../oxlint.config.ts';

/** A file, what it imports, and a part of what the linter says to that; undefined where it is allowed. */
type Plant = readonly [file: string, imported: string, message: string | undefined, name?: string];

const toFile = (file: string, target: string) => {
  const path = relative(dirname(file), target);
  return path.startsWith('.') ? path : `./${path}`;
};
const inShared = (room: string) => `shared/${room}/planted.ts`;
const lowest = 'are its lowest layer';
const below = (room: string) => `shared/${room}/ imports only`;
const runtime = 'functions/runtime/ imports itself and shared/';
const entries = 'Functions never import each other';
const shelfTests = 'The author’s tests import';
const shelf = 'The author’s handlers import';
const synthesized = 'What is synthesized knows';
const local = 'infra/local/ serves what the template says';
const commands = 'infra/ imports what lies directly in shared/';
const emulator = 'infra/emulator/ starts an account';
const operations = 'infra/operations/ operates what serves';
const ofTheTemplate = 'No test of the template depends on';
const platform = 'The simulated platform knows nothing';

const plants: readonly Plant[] = [
  ...sharedRooms.flatMap((room, index): Plant[] => [
    ...sharedRooms.map(
      (other, place): Plant => [
        inShared(room),
        toFile(inShared(room), `shared/${other}/x.ts`),
        place > index ? below(room) : undefined,
      ],
    ),
    [inShared(room), '../problems.ts', undefined],
    ['shared/planted.ts', `./${room}/x.ts`, lowest],
    ['functions/planted.ts', `../shared/${room}/x.ts`, undefined],
    [
      'functions/app/planted.ts',
      `../../shared/${room}/x.ts`,
      ['http', 'fynd', 'platform'].includes(room) ? undefined : shelf,
    ],
    ['infra/planted.ts', `../shared/${room}/x.ts`, synthesized],
    ['infra/commands/planted.ts', `../../shared/${room}/x.ts`, room === 'fynd' ? undefined : commands],
  ]),
  ...[...sharedRooms.map(inShared), 'shared/planted.ts'].flatMap((file): Plant[] => {
    const message = file === 'shared/planted.ts' ? lowest : below(dirname(file).slice('shared/'.length));
    const foreign = ['aws-cdk-lib', 'aws-cdk-lib/aws-lambda', 'constructs', 'aws-lambda', '@middy/core'];
    return [
      ...foreign.map((name): Plant => [file, name, message]),
      ...['functions/x.ts', 'functions/runtime/x.ts', 'infra/x.ts', 'test/x.ts'].map(
        (target): Plant => [file, toFile(file, target), message],
      ),
      ...['@aws-sdk/client-dynamodb', '@aws-sdk/lib-dynamodb', '@smithy/node-http-handler'].map(
        (name): Plant => [file, name, file === inShared('store') ? undefined : message],
      ),
    ];
  }),
  ['functions/planted.ts', './install.ts', entries],
  ['functions/planted.ts', './app/x.ts', entries],
  ['functions/planted.ts', './runtime/x.ts', undefined],
  ['functions/planted.ts', '@aws-sdk/client-sqs', entries],
  ['functions/planted.ts', '../infra/x.ts', entries],
  ['functions/runtime/planted.ts', '../install.ts', runtime],
  ['functions/runtime/planted.ts', '../app/x.ts', runtime],
  ['functions/runtime/planted.ts', '@aws-sdk/client-sqs', runtime],
  ['functions/runtime/planted.ts', '../../infra/x.ts', runtime],
  ['functions/runtime/planted.ts', './settings.ts', undefined],
  ['functions/runtime/http/planted.ts', '../../install.ts', runtime],
  ['functions/runtime/http/planted.ts', '../../app/x.ts', runtime],
  ['functions/runtime/http/planted.ts', '@aws-sdk/client-sqs', runtime],
  ['functions/runtime/http/planted.ts', '../settings.ts', undefined],
  ['functions/app/planted.ts', '../install.ts', shelf],
  ['functions/app/planted.ts', '../../test/kit/x.ts', shelf],
  ['functions/app/planted.test.ts', '../../test/kit/x.ts', undefined],
  ['functions/app/stock/planted.test.ts', '../../../test/kit/x.ts', undefined],
  ['functions/app/planted.test.ts', '../../test/functions/fixture/x.ts', shelfTests],
  ['functions/app/planted.ts', '../../shared/sealing.ts', shelf],
  ['functions/app/planted.ts', '../../infra/x.ts', shelf],
  ['functions/app/planted.ts', '@aws-sdk/client-s3', undefined],
  ['functions/app/planted.ts', '../runtime/x.ts', undefined],
  ['functions/app/planted.ts', '../../shared/problems.ts', undefined],
  ['functions/app/planted.ts', '../runtime/tables.ts', 'tables of their own', 'installations'],
  ['functions/app/planted.ts', '../runtime/tables.ts', undefined, 'dynamoDb'],
  ['functions/app/planted.ts', '../runtime/tables.ts', undefined, 'table'],
  ['functions/app/planted.ts', '../runtime/secrets.ts', 'secrets of their own', 'apiSecret'],
  ...['infra/planted.ts', 'infra/resources/planted.ts', 'infra/bundle/planted.ts'].flatMap((file): Plant[] =>
    [
      'functions/x.ts',
      'test/x.ts',
      'infra/local/x.ts',
      'infra/local/sqs/x.ts',
      'infra/commands/x.ts',
      'infra/simulated-platform/x.ts',
    ].map((target) => [file, toFile(file, target), synthesized]),
  ),
  ['infra/resources/planted.ts', '../local/template/x.ts', synthesized],
  ['infra/bundle/planted.ts', '../local/template/x.ts', undefined],
  ['infra/resources/planted.ts', '../../shared/contract.ts', undefined],
  ['infra/commands/planted.ts', '../../functions/x.ts', commands],
  ['infra/commands/planted.ts', '../local/x.ts', undefined],
  ['infra/commands/planted.ts', '../operations/x.ts', commands],
  ['infra/local/sqs/planted.ts', '../../operations/x.ts', local],
  ['infra/emulator/planted.ts', '../resources/x.ts', emulator],
  ['infra/emulator/planted.ts', '../commands/x.ts', emulator],
  ['infra/emulator/planted.ts', '../local/sqs/x.ts', emulator],
  ['infra/emulator/planted.ts', '../../test/x.ts', emulator],
  ['infra/emulator/planted.ts', '../local/host/x.ts', undefined],
  ['infra/commands/planted.ts', '../emulator/x.ts', undefined],
  ['test/aws/planted.ts', '../../infra/emulator/x.ts', undefined],
  ['infra/operations/planted.ts', '../../shared/store/x.ts', undefined],
  ['infra/operations/planted.ts', '../commands/x.ts', undefined],
  ['infra/operations/planted.ts', '../../functions/x.ts', operations],
  ['infra/operations/planted.ts', '../resources/x.ts', operations],
  ['infra/operations/companies/planted.ts', '../../bundle/x.ts', operations],
  ['infra/local/sqs/planted.ts', '../../resources/x.ts', local],
  ['infra/local/sqs/planted.ts', '../../commands/x.ts', local],
  ['infra/local/sqs/planted.ts', 'aws-cdk-lib', local],
  ['infra/local/sqs/planted.ts', '../../../functions/x.ts', local],
  ['infra/local/sqs/planted.ts', '../../../shared/contract.ts', undefined],
  ['infra/simulated-platform/planted.ts', '../../shared/problems.ts', platform],
  ['infra/simulated-platform/planted.ts', '../app.ts', platform],
  ['infra/simulated-platform/planted.ts', '../local/x.ts', platform],
  ['infra/simulated-platform/planted.ts', './panel/x.ts', undefined],
  ['infra/simulated-platform/panel/planted.ts', '../../../shared/problems.ts', platform],
  ['infra/simulated-platform/panel/planted.ts', '../../app.ts', platform],
  ['infra/simulated-platform/panel/planted.ts', '../../local/x.ts', platform],
  ['infra/simulated-platform/panel/planted.ts', '../x.ts', undefined],
  ...['test/planted.ts', 'test/infra/planted.ts', 'test/infra/local/planted.ts', 'bench/planted.ts'].flatMap((file) =>
    ['functions/app/x.ts', 'frontend/src/x.ts', 'infra/own-resources.ts', 'extension.config.ts'].map(
      (target): Plant => [file, toFile(file, target), ofTheTemplate],
    ),
  ),
  ['test/aws/planted.ts', '../extension/extension.config.ts', undefined],
  ['test/extension/planted.ts', './extension.config.ts', undefined],
  ['test/shared/store/planted.ts', '../../extension/extension.config.ts', undefined],
  ['test/planted.ts', '../infra/resources/own-resources.ts', undefined],
  ['test/planted.ts', '../functions/x.ts', undefined],
];

describe('the linter', () => {
  const home = mkdtempSync(join(tmpdir(), 'layers-'));
  afterAll(() => rmSync(home, { recursive: true, force: true }));
  cpSync('oxlint.config.ts', join(home, 'oxlint.config.ts'));
  symlinkSync(resolve('node_modules'), join(home, 'node_modules'));
  const planted = plants.map(([file, imported, message, name = 'x'], index) => {
    const path = file.replace('planted', `planted-${index}`);
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), `import { ${name} } from '${imported}';\n\nexport const planted = ${name};\n`);
    return { path, imported, message };
  });
  const bin = resolve('node_modules', '.bin', 'oxlint');
  const { stdout, stderr } = spawnSync(bin, ['--format', 'json', 'shared', 'functions', 'infra', 'test', 'bench'], {
    cwd: home,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  const { diagnostics } = JSON.parse(stdout || `{"diagnostics":[],"error":${JSON.stringify(stderr)}}`) as {
    diagnostics: { code: string; filename: string; message: string; help?: string }[];
  };
  const said = new Map(
    diagnostics
      .filter(({ code }) => code.includes('no-restricted-imports'))
      .map(({ filename, message, help }) => [filename.replaceAll('\\', '/'), `${message} ${help ?? ''}`]),
  );

  it.for(planted.filter(({ message }) => message !== undefined))('refuses $path → $imported', ({ path, message }) => {
    expect(said.get(path)).toContain(message);
  });

  it('lets every import pass that goes down', () => {
    const refused = planted.filter(({ path, message }) => message === undefined && said.has(path));
    expect(refused).toEqual([]);
  });
});
