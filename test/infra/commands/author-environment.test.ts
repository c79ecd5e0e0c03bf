import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import {
  environmentLines,
  withoutAccount,
  withoutWhatIsElsewhere,
} from '../../../infra/commands/emulator/author-environment.ts';
import type { Emulator } from '../../../infra/emulator/emulator.ts';
import { loadExtension } from '../../../infra/load-extension.ts';

const directory = mkdtempSync(join(tmpdir(), 'author-environment-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('the configuration that the emulator deploys', () => {
  test('is the author’s own, but for CloudFront and stages, which are elsewhere', async () => {
    const own = join(directory, 'own.config.ts');
    const config = { name: 'Edgy', scopes: ['company/products'], edge: true, stages: { prod: {} } };
    writeFileSync(own, `export default ${JSON.stringify(config)};\n`);
    const extension = await loadExtension({ EXTENSION_CONFIG: own });
    expect([extension.edge, extension.stageNames]).toEqual([true, ['prod']]);
    vi.stubEnv('EXTENSION_CONFIG', own);
    vi.spyOn(console, 'log').mockReturnValue();
    const file = withoutWhatIsElsewhere(extension, directory);
    vi.unstubAllEnvs();
    const there = await loadExtension({ EXTENSION_CONFIG: file });
    expect(there).toMatchObject({ name: 'Edgy', edge: false, stageNames: [] });
    expect(withoutWhatIsElsewhere(there, directory)).toBe(process.env['EXTENSION_CONFIG']);
  });

  test('knows nothing of the person’s own account', () => {
    expect(withoutAccount({ AWS_PROFILE: 'prod', CDK_DEFAULT_ACCOUNT: '1', PATH: '/bin' })).toEqual({ PATH: '/bin' });
  });
});

test.skipIf(process.platform === 'win32')('a shell that reads the lines is about the emulator’s account alone', () => {
  const environment = { AWS_ENDPOINT_URL: 'https://127.0.0.1:1', EXTENSION_BASE_URL: "http://it's", HOME: '/nowhere' };
  const file = join(directory, 'environment');
  writeFileSync(file, environmentLines({ environment } as unknown as Emulator));
  const told = 'printf "%s|" "$AWS_PROFILE" "$EXTENSION_STAGE" "$AWS_ENDPOINT_URL" "$EXTENSION_BASE_URL" "$HOME"';
  const env = { PATH: process.env['PATH'], HOME: '/mine', AWS_PROFILE: 'prod', EXTENSION_STAGE: 'prod' };
  const { stdout } = spawnSync('sh', ['-c', `. ${file}; ${told}`], { env, encoding: 'utf8' });
  expect(stdout).toBe("||https://127.0.0.1:1|http://it's|/mine|");
});
