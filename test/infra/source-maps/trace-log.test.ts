import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bundle, bundle } from '../../../infra/bundle/bundle.ts';
import { buildOf } from '../../../infra/source-maps/build.ts';
import { traceLog } from '../../../infra/source-maps/trace-log.ts';
import { parseExtension } from '../../../shared/parse-extension.ts';
import { sample } from '../synthesized-stack.ts';

const entry = './test/infra/source-maps/fixture/throws.ts';
let directory: string;
let made: Bundle;
beforeAll(async () => {
  mkdirSync('cdk.out', { recursive: true });
  directory = mkdtempSync(join('cdk.out', 'trace-test-'));
  const bundles = await bundle({ extension: parseExtension(sample), entries: [entry], directory });
  made = bundles.get(entry) as Bundle;
});
afterAll(() => rmSync(directory, { recursive: true }));

/** The line that a function writes on Lambda. */
async function deployedLine(): Promise<string> {
  const file = join(made.directory, 'index.js');
  const { describe: describeIt } = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as {
    describe: () => Record<string, unknown>;
  };
  const line = JSON.stringify({ time: '2026-01-01T00:00:00.000Z', request_id: 'r1', ...describeIt() });
  return line.replaceAll(/(?:file:\/\/)?[^\s("]*throws\/index\.js/g, '/var/task/index.js');
}

describe('a log line of a deployed function', () => {
  test('leads to the line of the source that threw', async () => {
    const line = await deployedLine();
    expect(line).not.toContain('CANARY');
    const traced = traceLog(`2026-01-01T00:00:00 ${line}\n`, directory);
    const thrown =
      readFileSync(entry, 'utf8')
        .split('\n')
        .findIndex((text) => text.includes('throw new')) + 1;
    expect(traced).toMatch(/^RangeError in test\/infra\/source-maps\/fixture\/throws\.ts /);
    expect(traced.split('\n')[1]).toBe(`    at ${entry.slice(2)}:${thrown}:11`);
    expect(traced).not.toContain('index.js');
  });

  test('of the emulator leads there, too', async () => {
    const line = await deployedLine();
    const emulated = line.replaceAll('/var/task/', '/tmp/my extension/run/ministack-lambda-lens-Worker-0a1_b/code/');
    expect(traceLog(emulated, directory)).toBe(traceLog(line, directory));
  });

  test('among others is found, and the others are passed over', async () => {
    const traced = traceLog(`START RequestId: x\n{"level":"info"}\n{broken\n${await deployedLine()}\nEND`, directory);
    expect(traced.match(/RangeError/g)).toHaveLength(1);
  });

  test('whose build has no map here is a sentence that says what to do', async () => {
    const other = (await deployedLine()).replace(/ [0-9a-f]{12}"/, ' 000000000000"');
    expect(() => traceLog(other, directory)).toThrow(
      /has no source map of the build .*throws\.ts 000000000000: name the folder/,
    );
  });

  test('without frames is a sentence', () => {
    expect(() => traceLog('nothing of that kind', directory)).toThrow('No line holds the frames of an error');
  });
});

test('the map lies beside the bundle: what is deployed names it and does not hold it', () => {
  const code = readFileSync(join(made.directory, 'index.js'), 'utf8');
  expect(code).not.toContain('sourceMappingURL');
  expect(buildOf(code)).toEqual({ file: entry.slice(2), digest: made.digest });
});
