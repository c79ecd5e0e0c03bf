import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { LambdaHandler, http as makeHttp } from '../../functions/runtime/http/http.ts';
import { edgeKeyHeader, environment } from '../../shared/contract.ts';
import { gatewayEvent } from './fixture/event.ts';
import { startWorld, type World } from './fixture/world.ts';

let world: World;
let http: typeof makeHttp;
let seen: unknown[];
let handler: LambdaHandler;
let id: string;
beforeAll(async () => {
  world = await startWorld();
  id = world.putSecret('CANARY-edge-key-1');
  vi.stubEnv(environment.edgeKeySecretId, id);
  ({ http } = await import('../../functions/runtime/http/http.ts'));
  handler = http().handler(({ headers, invocation }) => {
    seen.push({ headers, event: invocation.event });
    return Promise.resolve({ status: 200, headers: {}, body: Buffer.from('reached') });
  });
});
afterAll(() => world.close());
beforeEach(() => {
  seen = [];
});

const bring = (key?: string) =>
  world.send(handler, gatewayEvent({ path: '/api/x', headers: key === undefined ? {} : { [edgeKeyHeader]: key } }));

describe('behind CloudFront', () => {
  test.for([undefined, '', 'CANARY-edge-key-2', 'CANARY-edge-key-1,CANARY-edge-key-1', 'CANARY-edge-key-1 '])(
    'who comes past it gets what the gateway says where nothing is, and no code runs: %j',
    async (key) => {
      const { status, headers, text } = await bring(key);
      expect({ status, headers, text }).toEqual({
        status: 404,
        headers: { 'content-type': 'application/json' },
        text: '{"message":"Not Found"}',
      });
      expect(seen).toEqual([]);
    },
  );

  test('who brings its key gets through, and nothing behind sees the key', async () => {
    expect(await bring('CANARY-edge-key-1')).toMatchObject({ status: 200, text: 'reached' });
    expect(seen).toHaveLength(1);
    expect(JSON.stringify(seen)).not.toContain('CANARY');
  });

  test('after a rotation the key of before still counts, and the one before that does not', async () => {
    // As an instance that has just started.
    vi.resetModules();
    world.rotateSecret(id, 'CANARY-edge-key-2');
    ({ http } = await import('../../functions/runtime/http/http.ts'));
    const handlerAfter = http().handler(() => Promise.resolve({ status: 204, headers: {} }));
    const send = async (key: string) => {
      const event = gatewayEvent({ path: '/api/x', headers: { [edgeKeyHeader]: key } });
      return (await world.send(handlerAfter, event)).status;
    };
    expect(await send('CANARY-edge-key-2')).toBe(204);
    expect(await send('CANARY-edge-key-1')).toBe(204);
    world.rotateSecret(id, 'CANARY-edge-key-3');
    vi.resetModules();
    ({ http } = await import('../../functions/runtime/http/http.ts'));
    const last = http().handler(() => Promise.resolve({ status: 204, headers: {} }));
    const event = gatewayEvent({ path: '/api/x', headers: { [edgeKeyHeader]: 'CANARY-edge-key-1' } });
    expect((await world.send(last, event)).status).toBe(404);
  });
});
