import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { openDataDirectory } from '../../../infra/local/host/data-directory.ts';
import { readDataFile, writeDataFile } from '../../../infra/local/host/data-file.ts';
import { StartError } from '../../../infra/local/host/start-error.ts';
import { describeError } from '../../../infra/local/host/system-error.ts';
import { findRunning } from '../../../infra/local/running-extension.ts';
import { openSecretStore } from '../../../infra/local/secrets/secret-store.ts';
import { platformCredentials } from '../../../infra/local/simulated-platform.ts';
import { temporaryDirectory } from './fixture/start-fixture.ts';

/** A device on which nothing has room. */
const fullDisk = '/dev/full';
const schema = v.object({ a: v.number() });

function refusal(act: () => unknown): StartError {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(StartError);
    const sentence = (error as StartError).message;
    expect(sentence).not.toMatch(/\n|CANARY/);
    return error as StartError;
  }
  throw new Error('Nothing was refused.');
}

describe('a file of the data folder', () => {
  test('is written for its owner alone, leaves nothing beside it, and is read as it was written', () => {
    using folder = temporaryDirectory();
    const file = join(folder.path, 'a.json');
    expect(readDataFile(file, schema, '')).toBeUndefined();
    writeDataFile(file, '{"a":1}');
    expect(readDataFile(file, schema, '')).toEqual({ a: 1 });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder.path)).toEqual(['a.json']);
  });

  test.skipIf(!existsSync(fullDisk))('stays as it was where the disk is full, and that is a sentence', () => {
    using folder = temporaryDirectory();
    const file = join(folder.path, 'a.json');
    writeDataFile(file, '{"a":1}');
    symlinkSync(fullDisk, `${file}.next`);
    const { message } = refusal(() => writeDataFile(file, '{"a":2}'));
    expect(message).toBe(`${file} cannot be written, since the disk is full: make room on it.`);
    expect(readFileSync(file, 'utf8')).toBe('{"a":1}');
  });

  test.each(['', ' \n', '{"a":', '{"a":"CANARY"}', '[]', 'null'])('that holds %j is told by its name', (text) => {
    using folder = temporaryDirectory();
    const file = join(folder.path, 'a.json');
    writeFileSync(file, text);
    const { message, cause } = refusal(() => readDataFile(file, schema, 'All begins again.'));
    expect(message).toMatch(/a\.json is (empty|damaged): .* delete it and start again\. All begins again\.$/);
    expect(cause).toBeUndefined();
  });

  test('that is a folder is told by its name', () => {
    using folder = temporaryDirectory();
    const file = join(folder.path, 'a.json');
    mkdirSync(file);
    expect(refusal(() => readDataFile(file, schema, '')).message).toContain(
      'a.json cannot be read, since it is a folder',
    );
    expect(refusal(() => writeDataFile(file, '{}')).message).toContain('a.json cannot be written');
  });
});

test('secrets and the platform’s credentials that are damaged are told by the file and what it costs', () => {
  using folder = temporaryDirectory();
  const secrets = join(folder.path, 'secrets.json');
  writeFileSync(secrets, '{"Key":{"current":{"versionId":"1","value":"CANARY-cut');
  expect(refusal(() => openSecretStore(secrets, [], new Map())).message).toMatch(
    /secrets\.json is damaged: [^\n]*everybody signs in again/,
  );
  writeFileSync(join(folder.path, 'simulated-platform.json'), '');
  expect(refusal(() => platformCredentials(folder.path)).message).toMatch(/simulated-platform\.json is empty: /);
});

test.skipIf(!existsSync(fullDisk))('a secret that cannot be written stays the one it was', () => {
  using folder = temporaryDirectory();
  const file = join(folder.path, 'secrets.json');
  const definition = { logicalId: 'Key', name: 'Key', arn: 'arn', initialValue: 'CANARY-first', generate: {} };
  const store = openSecretStore(file, [definition], new Map());
  symlinkSync(fullDisk, `${file}.next`);
  expect(refusal(() => store.put('Key', 'CANARY-second')).message).toContain('the disk is full');
  expect(store.find('Key', {})?.version.value).toBe('CANARY-first');
  store.put('Key', 'CANARY-third');
  expect(openSecretStore(file, [definition], new Map()).find('Key', { stage: 'AWSPREVIOUS' })?.version.value).toBe(
    'CANARY-first',
  );
});

test('a description of a running extension that is damaged is told by the file', async () => {
  using folder = temporaryDirectory();
  const directory = await openDataDirectory(folder.path);
  writeFileSync(join(folder.path, 'endpoints.json'), '{"sqsEndpoint":');
  await expect(findRunning(folder.path, '')).rejects.toThrow(/endpoints\.json is damaged: /);
  directory?.close();
});

test('what the system refuses is a sentence, whoever handed it on; all else is shown whole', () => {
  const refused = Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE', path: '/x/y' });
  expect(describeError(refused)).toMatch(/^\/x\/y cannot be used, since too many files are open: raise the limit/);
  const inside = new Error('Database failed to open', {
    cause: new Error('IO error: /x/1.log: No space left on device'),
  });
  expect(describeError(inside)).toBe('A file cannot be used, since the disk is full: make room on it.');
  const bug = new TypeError('x is not a function');
  expect(describeError(bug)).toBe(bug);
});
