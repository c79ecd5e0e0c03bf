import { describe, expect, test } from 'vitest';
import { type LogsOptions, readLogsOptions } from '../../../infra/commands/logs/options.ts';
import { fieldsOf, isFailure, isRoutine, showLine } from '../../../infra/commands/logs/show-line.ts';

const nowMs = Date.UTC(2026, 10, 26, 3);
const read = (...given: string[]) => readLogsOptions(given, nowMs);

describe('what npm run logs is asked for', () => {
  test('is the last hour of everything, and the last day where a request is named', () => {
    expect(read()).toMatchObject({ wanted: [], sinceMs: nowMs - 3_600_000, follow: false, errors: false });
    expect(read('--request', 'abc=')).toMatchObject({ sinceMs: nowMs - 86_400_000, ids: ['abc='] });
  });

  test('is of a request also what it set going', () => {
    const { wanted } = read('--request', 'abc=') as LogsOptions;
    expect(wanted.flat()).toContainEqual({ field: 'caused_by', is: 'abc=' });
    const line = JSON.stringify({
      kind: 'webhook',
      outcome: 'handled',
      duration_ms: 7,
      message_id: 'm',
      caused_by: 'abc=',
    });
    expect(
      showLine({ id: '1', atMs: nowMs, source: 'Worker', text: line }, { colour: false, assembly: '/nowhere' }),
    ).toMatch(/ message=m {2}caused_by=abc=$/);
  });

  test('is a time back from now, or a time of the clock', () => {
    expect(['90s', '30m', '12h', '7d', '2026-11-26T01:30Z'].map((since) => read('--since', since))).toMatchObject(
      [90_000, 1_800_000, 43_200_000, 604_800_000, 5_400_000].map((backMs) => ({ sinceMs: nowMs - backMs })),
    );
  });

  test('may be several things at once, of which each must hold', () => {
    expect(read('--company', '1', '--query', 'failures', '--trace', '1-5e-abc')).toMatchObject({
      wanted: [
        [{ field: 'company_id', is: '1' }],
        [
          { field: 'trace_id', is: '1-5e-abc' },
          { field: 'platform_trace_id', is: '1-5e-abc' },
        ],
        [{ field: 'level', is: 'error' }],
      ],
    });
  });

  test('is answered with the queries that there are where none is named', () => {
    for (const given of [['--query'], ['--query', '--json']]) {
      expect(read(...given)).toEqual({
        says: expect.stringMatching(/^failures +What failed\?\n(.+\n)+broken-grants /),
      });
    }
  });

  for (const [given, sentence] of [
    [['--company', 'one'], '--company must be an id of 1 to 18 digits.'],
    [['--request', '" || $.a = "'], '--request and --trace must be ids, as error pages and logs show them.'],
    [
      ['--since', 'yesterday'],
      '--since must be a time in the past: 30m, 12h, 7d, or a time such as 2026-11-26T01:30Z.',
    ],
    [
      ['--since', '2026-11-26T03:30Z'],
      '--since must be a time in the past: 30m, 12h, 7d, or a time such as 2026-11-26T01:30Z.',
    ],
    [['--query', 'slow'], /^There is no such saved query\. There are: failures, slow-calls, .+\.$/],
    [['--folow'], /^There is no option --folow\. npm run logs -- --help tells what there is\.$/],
    [['--local'], 'The extension on this machine prints its log where npm start runs, and keeps none.'],
  ] as const) {
    test(`is refused with a sentence: ${given.join(' ')}`, () => expect(() => read(...given)).toThrow(sentence));
  }
});

describe('a line', () => {
  const line = (fields: object | string) =>
    showLine(
      {
        id: '1',
        atMs: Date.now(),
        source: 'Worker',
        text: typeof fields === 'string' ? fields : JSON.stringify(fields),
      },
      { colour: false, assembly: '/nowhere' },
    ).replace(/^[\d:]+ /, '');

  test('of a request is printed as npm start prints it, with whose it is', () => {
    const fields = {
      level: 'error',
      method: 'GET',
      route: 'GET /fp/auth',
      status: 502,
      duration_ms: 812,
      code: 'code_refused',
      company_id: '1',
      request_id: 'r=',
    };
    expect(line(fields)).toBe('GET    /fp/auth 502 812 ms Worker code_refused  company=1  request=r=');
  });

  test('of the gateway’s log is one of a request, too', () => {
    expect(line({ requestId: 'r=', method: 'GET', path: '/fp/auth', status: '404', latencyMs: '3' })).toMatch(
      /^GET {4}\/fp\/auth 404 3 ms/,
    );
  });

  test('of a message tells what became of it', () => {
    expect(
      line({ kind: 'webhook', outcome: 'failed', code: 'internal', attempt: 2, company_id: '1', duration_ms: 7 }),
    ).toBe('Worker  webhook failed internal  7 ms  company=1  attempt=2');
  });

  test('of an author’s is the message with its fields', () => {
    expect(line({ time: 't', level: 'info', message: 'counted', products: 3 })).toBe('  Worker | counted  products=3');
  });

  test('of the runtime’s is left as it is, and those around each invocation are known', () => {
    expect(line('2026 Task timed out after 60.00 seconds')).toBe('  Worker | 2026 Task timed out after 60.00 seconds');
    expect(['START RequestId: 1 Version: 1', 'REPORT RequestId: 1 Duration: 3 ms'].map(isRoutine)).toEqual([
      true,
      true,
    ]);
    expect(isRoutine('REPORT RequestId: 1 Duration: 60000 ms Status: timeout')).toBe(false);
  });

  test('with the frames of an error has them below, unresolved where there is no source map', () => {
    const fields = {
      method: 'GET',
      route: 'GET /x',
      status: 500,
      duration_ms: 1,
      at: ['at f (/var/task/index.js:1:2)'],
      build: 'b',
    };
    expect(line(fields)).toBe('GET    /x 500 1 ms Worker\n    at f (/var/task/index.js:1:2)');
  });

  test('tells of a failure where it says so, warns, or the runtime had to speak', () => {
    const failing = [{ level: 'error' }, { warning: 'response_not_stored' }, { status: 503 }].map((fields) =>
      JSON.stringify(fields),
    );
    expect([...failing, 'x Task timed out after 3 s', 'REPORT RequestId: 1 Status: timeout'].map(isFailure)).toEqual(
      Array(5).fill(true),
    );
    expect(['{"level":"info","status":404}', 'hello'].map(isFailure)).toEqual([false, false]);
    expect(fieldsOf('2026-11-26 INFO {"a":1}')).toEqual({ a: 1 });
  });
});
