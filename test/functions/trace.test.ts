import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Context } from 'aws-lambda';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { handler as Proxy } from '../../functions/platform-proxy.ts';
import { gatewayEvent } from './fixture/event.ts';
import { signsIn, startWorld, type World } from './fixture/world.ts';

const root = '1-5759e988-bd862e3fe1be46a994272793';
const parent = '53995c3f42cd8ad8';
const header = (sampled: 0 | 1) => `Root=${root};Parent=${parent};Sampled=${sampled};Lineage=1:abcd1234:3`;

let world: World;
let proxy: typeof Proxy;
let daemon: Socket;
let address: string;
const segments: Record<string, unknown>[] = [];
beforeAll(async () => {
  world = await startWorld();
  ({ handler: proxy } = await import('../../functions/platform-proxy.ts'));
  daemon = createSocket('udp4');
  daemon.on('message', (bytes) => {
    const [head = '', body = '{}'] = String(bytes).split('\n');
    expect(JSON.parse(head)).toEqual({ format: 'json', version: 1 });
    segments.push(JSON.parse(body) as Record<string, unknown>);
  });
  daemon.bind(0, '127.0.0.1');
  await once(daemon, 'listening');
  address = `127.0.0.1:${daemon.address().port}`;
});
afterAll(async () => {
  daemon.close();
  await world.close();
});
afterEach(() => {
  world.platform.answer = signsIn;
  segments.length = 0;
  for (const name of ['_X_AMZN_TRACE_ID', 'AWS_XRAY_DAEMON_ADDRESS']) vi.stubEnv(name, '');
});

async function call(sampled: 0 | 1, at = address) {
  vi.stubEnv('_X_AMZN_TRACE_ID', header(sampled));
  vi.stubEnv('AWS_XRAY_DAEMON_ADDRESS', at);
  const { company, cookie } = await world.signIn();
  const path = `/api/platform/catalog/v2.0/company/${company}/products/by-mail/asha@example.com`;
  const handler = (event: Parameters<typeof proxy>[0]) => proxy(event, { awsRequestId: 'lambda-1' } as Context);
  const answer = await world.send(handler, gatewayEvent({ path, query: 'q=asked-by-somebody', cookie }));
  return { answer, company };
}

describe('a call of the platform in a trace that X-Ray keeps', () => {
  test('is a part of it, which shows neither query nor header nor what follows the company in the path', async () => {
    const { answer, company } = await call(1);
    expect(answer.status).toBe(200);
    await expect.poll(() => segments).toHaveLength(1);
    const { start_time, end_time } = segments[0] ?? {};
    expect(segments[0]).toEqual({
      trace_id: root,
      parent_id: parent,
      id: expect.stringMatching(/^[0-9a-f]{16}$/),
      type: 'subsegment',
      namespace: 'remote',
      name: new URL(world.cluster).host,
      start_time: expect.any(Number),
      end_time: expect.any(Number),
      http: {
        request: { method: 'GET', url: `${world.cluster}/service/platform/catalog/v2.0/company/${company}` },
        response: { status: 200 },
      },
      fault: false,
      error: false,
      throttle: false,
    });
    expect(Number(end_time)).toBeGreaterThanOrEqual(Number(start_time));
    expect(Math.abs(Number(start_time) * 1000 - Date.now())).toBeLessThan(60_000);
  });

  for (const [status, marks] of [
    [404, { error: true, throttle: false, fault: false }],
    [429, { error: true, throttle: true, fault: false }],
    [500, { error: false, throttle: false, fault: true }],
  ] as const) {
    test(`is marked for what it was: ${status}`, async () => {
      world.platform.answer = () => ({ status });
      await call(1);
      await expect.poll(() => segments[0]).toMatchObject({ ...marks, http: { response: { status } } });
    });
  }

  test('is a fault without a response where the platform hung up, each try of it', async () => {
    world.platform.answer = () => 'hang up';
    await call(1);
    await expect.poll(() => segments).toHaveLength(2);
    expect(segments[0]).toMatchObject({ fault: true, http: { request: { method: 'GET' } } });
    expect(segments[0]?.['http']).not.toHaveProperty('response');
  });

  for (const nowhere of ['127.0.0.1:9', 'nonsense', '127.0.0.1:99999']) {
    test(`is none the worse where nobody is at ${nowhere}`, async () => {
      expect((await call(1, nowhere)).answer.status).toBe(200);
      expect((await call(1)).answer.status).toBe(200);
      await expect.poll(() => segments).toHaveLength(1);
    });
  }
});

test('a trace that X-Ray does not keep has no part of ours', async () => {
  expect((await call(0)).answer.log).not.toHaveProperty('trace_id');
  await call(1);
  await expect.poll(() => segments).toHaveLength(1);
});

describe('the line of a request', () => {
  test('names the ids that the gateway, Lambda, X-Ray and the platform have for it', async () => {
    world.platform.answer = (request) => ({ ...signsIn(request), headers: { 'x-fynd-trace-id': 'fynd-7f' } });
    const { answer } = await call(1);
    const ids = { lambda_request_id: 'lambda-1', trace_id: root, platform_trace_id: 'fynd-7f' };
    expect(answer.log).toMatchObject({ request_id: 'JKJaXmPLvHcESHA=', ...ids });
    expect(answer.headers['x-fynd-trace-id']).toBe('fynd-7f');
  });

  test('names no id of the platform that is none, nor one of an earlier request', async () => {
    world.platform.answer = (request) => ({ ...signsIn(request), headers: { 'x-fynd-trace-id': 'a b"c' } });
    expect((await call(0)).answer.log).not.toHaveProperty('platform_trace_id');
    world.platform.answer = (request) => ({ ...signsIn(request), headers: { 'x-fynd-trace-id': 'fynd-8' } });
    expect((await call(0)).answer.log).toMatchObject({ platform_trace_id: 'fynd-8' });
    world.platform.answer = signsIn;
    expect((await call(0)).answer.log).not.toHaveProperty('platform_trace_id');
  });
});
