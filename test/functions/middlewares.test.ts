import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import type { Context } from 'aws-lambda';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ApiContext, api as makeApi } from '../../functions/runtime/api.ts';
import type { AuthorMiddleware } from '../../functions/runtime/http/author-handler.ts';
import { AppError } from '../../shared/problems.ts';
import { bareEvent, gatewayEvent } from './fixture/event.ts';
import { everywhere, signsIn, startWorld, type World } from './fixture/world.ts';

let world: World;
let api: typeof makeApi;
beforeAll(async () => {
  world = await startWorld();
  ({ api } = await import('../../functions/runtime/api.ts'));
});
afterAll(() => world.close());
afterEach(() => {
  world.platform.answer = signsIn;
});

const context = { functionName: 'stock', awsRequestId: 'r1', getRemainingTimeInMillis: () => 30_000 } as Context;

type Route = Parameters<typeof makeApi>[0];
/** What a signed-in person is answered by a route with these middlewares. */
async function ask(
  route: Route,
  middlewares: readonly AuthorMiddleware[],
  event = gatewayEvent,
  headers: Record<string, string> = {},
) {
  const { company, cookie } = await world.signIn();
  let handler = api(route);
  for (const middleware of middlewares) handler = handler.use(middleware);
  const sent = event({
    path: '/api/stock',
    cookie: `other=CANARY-cookie; ${cookie}`,
    headers: { 'x-company-id': company, ...headers },
  });
  const answer = await world.send((event) => handler(event, context), sent);
  return { answer, sealed: cookie.slice(cookie.indexOf('=') + 1) };
}

/** Notes all that a middleware can see, at each of its turns. */
function onlooker() {
  const seen: string[] = [];
  const look = (turn: string) => (chained: object) => void seen.push(`${turn} ${JSON.stringify(chained)}`);
  return { seen, before: look('before'), after: look('after'), onError: look('onError') };
}

const credentials = {
  Authorization: 'Basic CANARY-one',
  authorization: 'Basic CANARY-two',
  AUTHORIZATION: 'Basic CANARY-three',
  Cookie: 'more=CANARY-header',
};

describe('middlewares that somebody else wrote', () => {
  for (const [frontDoor, event] of [
    ['API Gateway', gatewayEvent],
    ['a front door that leaves cookies in the headers', bareEvent],
  ] as const) {
    test(`see neither cookies, nor Authorization, nor a token, and may log all that they see, through ${frontDoor}`, async () => {
      const logger = new Logger({ serviceName: 'stock' });
      const metrics = new Metrics({ namespace: 'stock', serviceName: 'stock' });
      const looking = onlooker();
      const route = ({ platform, company }: ApiContext) => {
        metrics.addMetric('asked', MetricUnit.Count, 1);
        return platform.get(`catalog/v2.0/company/${company}/products/`);
      };
      const middlewares = [injectLambdaContext(logger, { logEvent: true }), logMetrics(metrics), looking];
      const { answer, sealed } = await ask(route, middlewares, event, credentials);
      expect([answer.status, answer.json]).toEqual([200, { items: [] }]);
      const lines = (answer.log['lines'] as string[]).join('');
      expect(lines).toContain('Lambda invocation event');
      expect(lines).toContain('/api/stock');
      expect(lines).toContain('"asked":1');
      expect(looking.seen.map((each) => each.split(' ')[0])).toEqual(['before', 'after']);
      expect(looking.seen.join('')).toContain('x-company-id');
      for (const text of [lines, ...looking.seen]) {
        expect(text).not.toContain('CANARY');
        expect(text).not.toContain(sealed);
      }
    });
  }

  test('see no session that came in Authorization, nor does the route', async () => {
    const looking = onlooker();
    const { cookie } = await world.signIn();
    const sealed = cookie.slice(cookie.indexOf('=') + 1);
    const handler = api(({ request, lambda }) => Promise.resolve([request.headers, lambda.event])).use(looking);
    const sent = gatewayEvent({ path: '/api/stock', method: 'POST', headers: { Authorization: `Bearer ${sealed}` } });
    const answer = await world.send((event) => handler(event, context), sent);
    expect(answer.status).toBe(200);
    for (const text of [answer.text, JSON.stringify(answer.log), ...looking.seen]) expect(text).not.toContain(sealed);
  });

  test('see no cookie of ours in an answer that sets one', async () => {
    const looking = onlooker();
    const route: Route = ({ platform, company }) => platform.get(`catalog/v2.0/company/${company}/x`);
    world.platform.answer = () => ({ status: 401 });
    const { answer } = await ask(route, [looking]);
    expect([answer.status, answer.json['code']]).toEqual([401, 'session_expired']);
    expect(answer.cookies).toHaveLength(1);
    expect(looking.seen.map((each) => each.split(' ')[0])).toEqual(['before', 'onError']);
    expect(looking.seen.join('')).not.toMatch(/ext_session|set-cookie/i);
  });

  test('run only for whoever meets what the route requires', async () => {
    const looking = onlooker();
    const handler = api(() => Promise.resolve('ran')).use(looking);
    const { cookie, company } = await world.signIn();
    for (const [code, request] of [
      ['session_required', { headers: { 'x-company-id': company } }],
      ['session_required', { cookie: `${cookie}x` }],
      ['cross_site_request', { cookie, headers: { 'sec-fetch-site': 'cross-site' } }],
      ['cross_site_request', { cookie, method: 'POST' }],
    ] as const) {
      expect((await world.send(handler, gatewayEvent({ path: '/api/x', ...request }))).json['code']).toBe(code);
    }
    await world.tables.putInstallation(company, { status: { S: 'uninstalled' } });
    expect((await world.send(handler, gatewayEvent({ path: '/api/x', cookie }))).json['code']).toBe('session_expired');
    expect(looking.seen).toEqual([]);
  });

  test('may answer early, and all that every answer has is there all the same', async () => {
    let runs = 0;
    const route = () => Promise.resolve(++runs);
    const early = {
      before: () => ({
        statusCode: 404,
        headers: { 'X-Early': '1' },
        body: Buffer.from('é').toString('base64'),
        isBase64Encoded: true,
      }),
    };
    const { answer } = await ask(route, [early]);
    expect([answer.status, Buffer.from(answer.text, 'latin1').toString()]).toEqual([404, 'é']);
    const personal = { 'cache-control': 'private, no-cache', vary: 'Cookie, Authorization' };
    expect(answer.headers).toMatchObject({ ...everywhere, ...personal, 'x-early': '1' });
    expect(answer.log).toMatchObject({ level: 'info', status: 404 });
    expect(runs).toBe(0);
  });

  test('may change the answer, headers in any case, and set cookies of their own', async () => {
    const changing: AuthorMiddleware = {
      after: ({ response }) => {
        if (response)
          response.headers = { ...response.headers, 'Cache-Control': 'no-store', 'X-Count': 3, 'Set-Cookie': 'a=1' };
      },
    };
    const { answer } = await ask(() => Promise.resolve({ a: 1 }), [changing]);
    expect(answer.json).toEqual({ a: 1 });
    expect(answer.headers).toMatchObject({
      'cache-control': 'no-store',
      'x-count': '3',
      'content-type': 'application/json',
    });
    expect([answer.headers['set-cookie'], answer.cookies]).toEqual([undefined, ['a=1']]);
  });

  test('run in middy’s order, several at once too, and hand things to the route', async () => {
    const order: string[] = [];
    const noting = (name: string): AuthorMiddleware => ({
      before: ({ event, context }) => {
        order.push(`${name} before`);
        Object.assign(context, { found: name });
        Object.assign(event, { found: name });
      },
      after: () => void order.push(`${name} after`),
    });
    const { company, cookie } = await world.signIn();
    const handler = api(({ lambda }) =>
      Promise.resolve([lambda.event, lambda.context].map((each) => (each as object as { found: string }).found)),
    ).use([noting('one'), noting('two')]);
    const answer = await world.send(
      handler,
      gatewayEvent({ path: '/api/x', cookie, headers: { 'x-company-id': company } }),
    );
    expect(JSON.parse(answer.text)).toEqual(['two', 'two']);
    expect(order).toEqual(['one before', 'two before', 'two after', 'one after']);
  });

  test('see what the route throws, and may answer it', async () => {
    const refusing = () => Promise.reject(new AppError('not_found', 'There is no such thing.'));
    const teapot: AuthorMiddleware = { onError: () => ({ statusCode: 418, body: 'no' }) };
    expect((await ask(refusing, [teapot])).answer).toMatchObject({ status: 418, text: 'no' });
    expect((await ask(refusing, [onlooker()])).answer.json).toMatchObject({ status: 404, code: 'not_found' });
  });

  for (const [what, middleware] of [
    ['breaks', { before: () => Promise.reject(new TypeError('CANARY-message')) }],
    ['answers a status that there is not', { after: () => ({ statusCode: 20 }) }],
    ['answers a body that is no text', { after: () => ({ statusCode: 200, body: Buffer.from('a') }) }],
  ] as [string, AuthorMiddleware][]) {
    test(`that ${what} makes it 500, and shows nobody why`, async () => {
      const { answer } = await ask(() => Promise.resolve({}), [middleware]);
      expect(answer.json).toMatchObject({ status: 500, code: 'internal' });
      expect(answer.headers).toMatchObject(everywhere);
      expect(answer.log).toMatchObject({ level: 'error', status: 500 });
    });
  }
});
