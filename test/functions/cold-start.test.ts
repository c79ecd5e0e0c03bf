import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type * as RuntimeSecrets from '../../functions/runtime/secrets.ts';
import { environment } from '../../shared/contract.ts';
import { clientId } from '../shared/fixture/extension.ts';
import { gatewayEvent } from './fixture/event.ts';
import { bundledPage } from './fixture/front-end.ts';
import { type Gate, startGate } from './fixture/gate.ts';
import { type Handler, startWorld, type World } from './fixture/world.ts';

let world: World;
let gate: Gate;
beforeAll(async () => {
  world = await startWorld();
  gate = await startGate();
  // What the stack hands to a function that shows people something.
  for (const name of ['apiSecretSecretId', 'tokenKeySecretId', 'webhookKeySecretId'] as const)
    vi.stubEnv(environment[name], '');
});
afterAll(async () => {
  await gate.close();
  await world.close();
});

const cold = async <Module>(module: string): Promise<Module> => {
  vi.resetModules();
  return (await import(module)) as Module;
};
const secretsOfPages = ['apiKeySecretId', 'sessionKeySecretId'];
const opening = [...secretsOfPages, 'GET /'];

test('a page of a new instance takes two turns: all that it was given side by side, then the table', async () => {
  const { company, cookie } = await world.signIn();
  const handler = await bundledPage(world.extension);
  await gate.turn(...opening);
  const request = { path: `/company/${company}`, pathParameters: { company_id: company }, cookie };
  const answer = world.send(handler, gatewayEvent(request));
  await gate.turn('BatchGetItem');
  expect((await answer).status).toBe(200);
  expect(gate.waiting).toEqual([]);
});

test('a request that comes while a new instance still asks waits for what was asked, and asks nothing twice', async () => {
  const { company, cookie } = await world.signIn();
  const { handler } = await cold<{ handler: Handler }>('../../functions/session.ts');
  const answer = world.send(handler, gatewayEvent({ path: '/api/session', cookie }));
  await gate.turn(...opening);
  await gate.turn('BatchGetItem');
  expect((await answer).json).toMatchObject({ company_id: company });
});

test('a function that was given no table opens no connection to one', async () => {
  const { handler } = await cold<{ handler: Handler }>('../../functions/install.ts');
  await gate.turn(...secretsOfPages);
  const query = `company_id=${world.tables.newCompany()}&client_id=${clientId}`;
  const answer = await world.send(handler, gatewayEvent({ path: '/fp/install', query }));
  expect([answer.status, gate.waiting]).toEqual([302, []]);
});

describe('a secret that is renewed beside a request', () => {
  let apiKey: typeof RuntimeSecrets.apiKey;
  let handler: Handler;
  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
    ({ apiKey } = await cold<typeof RuntimeSecrets>('../../functions/runtime/secrets.ts'));
    const { http } = await import('../../functions/runtime/http/http.ts');
    handler = http().handler(async () => ({ status: 200, body: await apiKey() }));
    await gate.turn(...secretsOfPages);
    expect(await apiKey()).toBe(clientId);
    vi.setSystemTime(Date.now() + 6 * 60_000);
  });
  afterEach(() => {
    vi.useRealTimers();
    gate.open();
  });

  /** Answers while the secrets are being asked for again; `isThere` once all else is done. */
  async function answering() {
    const state = { isThere: false };
    const answer = world.send(handler, gatewayEvent({ path: '/x' })).finally(() => {
      state.isThere = true;
    });
    await gate.reached(...secretsOfPages);
    await new Promise(setImmediate);
    return { answer, state };
  }

  test('is there before the answer leaves: after that the instance is frozen', async () => {
    const { answer, state } = await answering();
    expect(state.isThere).toBe(false);
    gate.open();
    expect((await answer).text).toBe(clientId);
    expect([await apiKey(), gate.waiting]).toEqual([clientId, []]);
  });

  test('holds the answer up for half a second at most', async () => {
    const { answer, state } = await answering();
    vi.advanceTimersByTime(499);
    await new Promise(setImmediate);
    expect(state.isThere).toBe(false);
    vi.advanceTimersByTime(1);
    expect((await answer).status).toBe(200);
    gate.open();
  });
});
