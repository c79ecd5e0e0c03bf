import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, test, vi } from 'vitest';
import { startPlatform } from '../../../infra/simulated-platform/platform.ts';
import { extension, platform } from './simulated.ts';

describe('the program', () => {
  const program = (port: number) => {
    const child = spawn(process.execPath, ['infra/simulated-platform/main.ts'], {
      env: {
        PORT: String(port),
        EXTENSION_API_KEY: extension.apiKey,
        EXTENSION_API_SECRET: extension.apiSecret,
        EXTENSION_BASE_URL: extension.baseUrl,
      },
    });
    const said = { out: '', err: '' };
    child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (said.err += chunk.toString()));
    return { child, said, ended: once(child, 'close') };
  };

  test('says that it is ready, logs neither query nor secret, and ends at an interrupt however often it comes', async () => {
    const free = await startPlatform({ extension });
    const port = Number(new URL(free.origin).port);
    await free.close();
    const { child, said, ended } = program(port);
    await vi.waitFor(() => expect(said.out).toBe(`platform ready http://127.0.0.1:${port}\n`), 5000);
    await fetch(`http://127.0.0.1:${port}/?secret=CANARY-query`);
    await vi.waitFor(() => expect(said.out).toMatch(/^200 GET \/$/m));
    child.kill('SIGINT');
    child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
    expect(said.out + said.err).not.toContain('CANARY');
  });

  test('a port in use is one sentence and status 1', async () => {
    const { said, ended } = program(Number(new URL(platform.origin).port));
    expect(await ended).toEqual([1, null]);
    expect(said.err).toMatch(/^Port \d+ is in use: [^\n]+\.\n$/);
  });
});

test('a port that is taken is an error of its own, and closing ends open connections', async () => {
  const own = await startPlatform({ extension });
  const port = Number(new URL(own.origin).port);
  await expect(startPlatform({ port, extension })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const ended = once(socket, 'close');
  await own.close();
  await ended;
});
