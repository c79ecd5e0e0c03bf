import { copyFileSync, existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findRunning } from '../../../infra/local/running-extension.ts';
import type { LocalExtension } from '../../../infra/local/start-local-extension.ts';
import { makeGate } from './fixture/gate.ts';
import { sendTogether, sendWork, told } from './fixture/queues.ts';
import { runCommand } from './fixture/run-command.ts';
import { startFixture, temporaryDirectory } from './fixture/start-fixture.ts';

test('what waited or was in flight when a run ended is handled by the next one, in order', async () => {
  using data = temporaryDirectory();
  await using gate = await makeGate();
  {
    await using extension = await started(data.path);
    await sendWork(extension, 'company#1', { id: 'done-before' });
    await extension.idle();
    await sendWork(extension, 'company#1', { id: 'in-flight', gate: gate.url });
    await sendWork(extension, 'company#1', { id: 'waiting' });
    await sendWork(extension, 'company#2', { id: 'dead', do: 'fail' });
    await gate.reached(1);
    await expect.poll(async () => (await extension.countMessages()).dead).toBe(1);
  }
  expect(statSync(join(data.path, 'queues.journal')).mode & 0o777).toBe(0o600);
  {
    await using elsewhere = await started(data.path, { cluster: 'https://api.example.com' });
    expect(await elsewhere.countMessages()).toEqual({ waiting: 0, inFlight: 0, dead: 0 });
  }
  gate.open();
  await using next = await started(data.path);
  await gate.reached(2);
  gate.open();
  await next.idle();
  expect(told(next, 'done')).toEqual(['in-flight', 'waiting']);
  expect(await next.countMessages()).toEqual({ waiting: 0, inFlight: 0, dead: 1 });
  expect(next.logs()).toContain('Work holds 2 of the last run.');
  expect(next.logs()).toContain('WorkDeadLetters holds 1 of the last run.');
});

test('an invocation that ends while the run is being stopped is not repeated', async () => {
  using data = temporaryDirectory();
  await using gate = await makeGate();
  const extension = await started(data.path);
  await sendWork(extension, 'company#1', { id: 'last', gate: gate.url });
  await gate.reached(1);
  const closed = extension.close();
  gate.open();
  await closed;
  expect(told(extension, 'done')).toEqual(['last']);
  expect(existsSync(join(data.path, 'queues.journal'))).toBe(false);
});

test('what was answered for is there after the machine fails in that moment, and is the same message', async () => {
  using data = temporaryDirectory();
  using copy = temporaryDirectory();
  await using gate = await makeGate();
  {
    await using extension = await started(data.path);
    await sendWork(extension, 'company#1', { id: 'done' });
    await extension.idle();
    await sendWork(extension, 'company#1', { id: 'kept', gate: gate.url }, 'digest');
    await sendTogether(extension, 'Plain', [{ id: 'plain', gate: gate.url }]);
    // Nothing is awaited in between: this is the file as a killed run leaves it.
    copyFileSync(join(data.path, 'queues.journal'), join(copy.path, 'queues.journal'));
    await gate.reached(2);
    gate.open();
    await extension.idle();
  }
  await using next = await started(copy.path);
  await gate.reached(4);
  gate.open();
  await sendWork(next, 'company#1', { id: 'once more' }, 'digest');
  await next.idle();
  expect(told(next, 'begin').sort()).toEqual(['kept 1', 'plain 1']);
});

test('commands find the run that there is, and say so where there is none', async () => {
  using data = temporaryDirectory();
  const schedule = 'infra/operations/schedule.ts';
  const redrive = 'infra/operations/redrive.ts';
  const run = async (program: string, ...args: string[]) => {
    await using command = runCommand(program, { LOCAL_DATA_DIR: data.path }, args);
    return { status: await command.exited, output: command.output.trim() };
  };
  const none = {
    status: 1,
    output: `No local extension runs in ${data.path} (LOCAL_DATA_DIR): start one with npm start. For a deployed one, add --stack NAME or --stage NAME.`,
  };
  expect(await run(schedule, 'nightly')).toEqual(none);
  // As a run leaves it that was killed.
  writeFileSync(join(data.path, 'endpoints.json'), '{}');
  expect(await run(redrive)).toEqual(none);
  {
    await using extension = await started(data.path);
    expect(await run(schedule, 'nightly')).toEqual({ status: 0, output: 'Sent the message of the schedule nightly.' });
    await extension.idle();
    expect(told(extension, 'done')).toEqual(['nightly']);
    expect(await run(schedule, 'hourly')).toEqual({
      status: 1,
      output: 'There is no schedule "hourly". There are: nightly, weekly-report.',
    });
    expect(await run(schedule)).toMatchObject({
      status: 1,
      output: expect.stringMatching(/^Name one schedule.* There are: nightly/),
    });

    await sendWork(extension, 'company#1', { id: 'broken', do: 'fail' });
    await extension.idle();
    expect(await run(redrive, '--dry-run')).toEqual({ status: 0, output: 'Work: 1 dead letter. Nothing was sent.' });
    expect(await run(redrive)).toEqual({ status: 0, output: 'Work: 1 dead letter was sent again.' });
    await extension.idle();
    expect(told(extension, 'begin').filter((text) => text.startsWith('broken'))).toHaveLength(4);
    expect(await run(redrive, '--from', 'x')).toMatchObject({
      status: 1,
      output: expect.stringMatching(/^--from and --to are two queues.* npm run redrive -- --help tells/),
    });
  }
  expect(existsSync(join(data.path, 'endpoints.json'))).toBe(false);
});

test('a run in a further folder is found, more than one are told apart by their folders', async () => {
  using data = temporaryDirectory();
  await using _further = await started(join(data.path, 'port-3011'));
  expect(await findRunning(undefined, data.path)).toHaveProperty('sqsEndpoint');
  await using _first = await started(data.path);
  await expect(findRunning(undefined, data.path)).rejects.toThrow(/^2 local extensions run: set LOCAL_DATA_DIR/);
});

async function started(dataDir: string, options: { cluster?: string } = {}): Promise<LocalExtension & AsyncDisposable> {
  const extension = await startFixture({ dataDir, longestRetrySeconds: 0, ...options });
  return Object.assign(extension, { [Symbol.asyncDispose]: () => extension.close() });
}
