import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Browser } from '../../flow/browser.ts';
import { type LocalWorld, startWorld } from '../../start-world.ts';

const folder = 'test/infra/local/fixture/mistakes';
const handler = `${folder}/mistake.ts`;
const throwing = /^ {2}throw new RangeError/;

let dataDir: string;
let local: LocalWorld;
let browser: Browser;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'errors-'));
  local = await startWorld({ dataDir, configFile: `${folder}/extension.config.ts`, showsErrors: true });
  browser = new Browser(local.world);
  await browser.signIn(1);
});
afterAll(async () => {
  await local.close();
  await rm(dataDir, { recursive: true, force: true });
});

/** Asks for a mistake: the response, and what was logged meanwhile. */
async function make(kind: string, headers: Record<string, string> = { accept: 'application/json' }) {
  const from = local.extension.logs().length;
  const response = await browser.fetch(`/api/mistakes/${kind}`, { headers });
  const text = await response.text();
  return { status: response.status, text, log: local.extension.logs().slice(from).join('\n') };
}

describe('what a handler throws, on this machine', () => {
  test('is told to a script with its message, file, line and code', async () => {
    const { status, text } = await make('error');
    expect(status).toBe(500);
    const { code, debug } = JSON.parse(text) as {
      code: string;
      debug: { error: string; at: string; code: string[] }[];
    };
    expect(code).toBe('internal');
    expect(debug).toHaveLength(1);
    expect(debug[0]?.error).toBe('RangeError: my <own> mistake\ncaused by Error: what was behind it');
    expect(debug[0]?.at).toMatch(new RegExp(`^${handler}:\\d+:9$`));
    const marked = debug[0]?.code.find((line) => line.startsWith('>')) ?? '';
    const [, line, source] = /^> +(\d+) \| (.*)$/.exec(marked) ?? [];
    expect(source).toMatch(throwing);
    expect(debug[0]?.at).toContain(`:${line}:`);
  });

  test('is shown on the page, as text', async () => {
    const { status, text } = await make('error', { accept: 'text/html', 'sec-fetch-mode': 'navigate' });
    expect(status).toBe(500);
    expect(text).toContain('RangeError: my &#60;own&#62; mistake');
    expect(text).toContain(handler);
    expect(text).not.toContain('<own>');
  });

  test('is in the terminal, with the frames that led to it', async () => {
    const { log } = await make('error');
    expect(log).toContain(`✗ RangeError: my <own> mistake`);
    expect(log).toMatch(new RegExp(`^ {2}${handler}:\\d+:9$`, 'm'));
    expect(log).toMatch(/^ {2}> +\d+ \| {3}throw new RangeError/m);
    expect(log).toMatch(new RegExp(`^ {4}at ${handler}:\\d+:\\d+$`, 'm'));
  });

  test('is no different where the author prints an error', async () => {
    const { log } = await make('error');
    expect(log).toMatch(new RegExp(`Error: printed by its author`));
    expect(log).toMatch(new RegExp(`\\| +at ${handler}:\\d+:\\d+`));
  });

  test('is left out of the response to HEAD, which has no body', async () => {
    const response = await browser.fetch('/api/mistakes/error', { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([500, '']);
  });

  test('is not told to a browser elsewhere', async () => {
    const { text } = await make('error', { accept: 'application/json', 'x-forwarded-for': '203.0.113.9' });
    expect(text).toContain('"code":"internal"');
    expect(text).not.toMatch(/mistake|debug/);
  });

  for (const [kind, words] of [
    ['string', "Thrown, and no Error: 'a string that was thrown'"],
    ['null', 'Thrown, and no Error: null'],
    ['object', 'Thrown, and no Error:'],
    ['unreadable', 'Something was thrown that cannot be looked at'],
  ] as const) {
    test(`is a sentence where it is no usual error: ${kind}`, async () => {
      const { status, text, log } = await make(kind);
      expect(status).toBe(500);
      expect(text).toContain(words.slice(0, 20));
      expect(log).toContain(words);
      expect((await make('none')).status).toBe(204);
    });
  }
});

describe('the line of a request', () => {
  test('names the file, the problem and the calls to DynamoDB', async () => {
    const { log } = await make('error');
    expect(log).toMatch(
      new RegExp(`^GET +/api/mistakes/error 500 \\d+ ms ${handler} \\(\\d+ DynamoDB\\) internal$`, 'm'),
    );
  });

  test('tells what the platform refused, without values', async () => {
    const { status, log } = await make('refused');
    expect(status).toBe(404);
    expect(log).toContain('The platform answered 404 to GET catalog/v1.0/company/*/nowhere/.');
    expect(log).toContain('"platform_status":404,"platform_request":"GET catalog/v1.0/company/*/nowhere/"');
    expect(log).toMatch(/mistakes\/refused 404 .* platform_error /m);
  });
});

test('as it is deployed, nothing of the message is told', async () => {
  const deployed = await startWorld({
    dataDir: join(dataDir, 'deployed'),
    configFile: `${folder}/extension.config.ts`,
  });
  try {
    const other = new Browser(deployed.world);
    await other.signIn(1);
    const response = await other.fetch('/api/mistakes/error', { headers: { accept: 'application/json' } });
    expect(await response.text()).not.toMatch(/mistake|debug/);
  } finally {
    await deployed.close();
  }
});
