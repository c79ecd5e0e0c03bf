import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { describeError, logRequest, writeLog } from '../../functions/runtime/log.ts';
import { count } from '../../functions/runtime/metric.ts';
import { environment } from '../../shared/contract.ts';
import { companyTenant, type Tenant } from '../../shared/tenant.ts';
import { totals } from '../metrics/data-points.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

const described = (error: unknown) => describeError(error) as { at?: string[]; error?: string };

class Failure extends Error {
  override readonly name = 'Failure';
}

describe('an unknown error in the log', () => {
  for (const message of [
    'CANARY',
    '',
    'at CANARY',
    'nothing\n    at CANARY (file:///x.ts:1:1)\n    at CANARY',
    '\n    at CANARY',
    'Error: \n    at CANARY\n',
  ]) {
    for (const make of [Error, TypeError, Failure]) {
      test(`is its kind and its frames, and nothing of the message: ${make.name} ${JSON.stringify(message)}`, () => {
        const { at = [], error } = described(new make(message));
        expect(error).toBe(make.name);
        expect(JSON.stringify(at)).not.toContain('CANARY');
        expect(at[0]).toMatch(/^at .*log\.test\.ts:\d+:\d+/);
        expect(at.length).toBeLessThanOrEqual(8);
      });
    }
  }

  test('has no frames where its message was changed since: where they begin is not known', () => {
    const error = new Error('before\n    at CANARY');
    // The engine writes the stack when it is first asked for.
    expect(error.stack).toContain('CANARY');
    for (const message of ['after', '']) {
      error.message = message;
      expect(described(error).at).toEqual([]);
    }
  });

  test('has no frames where it has no stack', () => {
    const error = new Error('CANARY');
    delete error.stack;
    expect(described(error)).toEqual({ code: 'internal', error: 'Error', at: [] });
  });
});

describe('the line of a request', () => {
  const event = { requestContext: { requestId: 'r1', http: { method: 'GET' } }, routeKey: 'GET /x' };
  const lineOf = (more: { tenant?: Tenant }) => {
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    const request = { context: undefined, response: { status: 200 }, error: undefined, durationMs: 1.4, ...more };
    logRequest({ event: event as APIGatewayProxyEventV2, ...request });
    return JSON.parse(String(write.mock.lastCall?.[0])) as object;
  };

  test('names the company, where one is known', () => {
    expect(lineOf({ tenant: companyTenant('12') })).toMatchObject({ request_id: 'r1', company_id: '12' });
    expect(lineOf({ tenant: { kind: 'organization', id: 'a1' } })).toMatchObject({ organization_id: 'a1' });
    expect(lineOf({})).not.toHaveProperty('company_id');
  });
});

describe('a log for errors alone', () => {
  const event = { requestContext: { requestId: 'r1', http: { method: 'GET' } }, routeKey: 'GET /x' };
  const linesOf = (happens: () => void) => {
    vi.stubEnv(environment.logLevel, 'error');
    vi.stubEnv(environment.stackName, 'test-lens');
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    happens();
    const lines = write.mock.calls.map(([line]) => String(line));
    write.mockRestore();
    return lines;
  };
  const answered = (status: number) =>
    logRequest({
      event: event as APIGatewayProxyEventV2,
      context: undefined,
      response: { status },
      error: undefined,
      durationMs: 1,
    });

  test('has nothing of a request that went well, but what it counts', () => {
    expect(linesOf(() => answered(200))).toEqual([]);
    const [line = '', ...others] = linesOf(() => {
      count('CacheHits');
      answered(200);
    });
    expect(others).toEqual([]);
    expect(totals([line])).toEqual({ CacheHits: 1 });
    expect(line).not.toContain('request_id');
  });

  test('has the whole line of one that failed, and what an author counts', () => {
    expect(JSON.parse(linesOf(() => answered(500))[0] ?? '')).toMatchObject({ level: 'error', request_id: 'r1' });
    expect(linesOf(() => writeLog({ level: 'info', message: 'told' }))).toEqual([]);
    expect(linesOf(() => writeLog({ level: 'info', _aws: {} }))).toHaveLength(1);
  });
});
