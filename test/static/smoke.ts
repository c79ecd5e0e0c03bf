import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { bundle } from '../../infra/bundle/bundle.ts';
import { check } from '../../infra/emulator/failure.ts';
import { buildSqsEvent } from '../../infra/local/sqs/build-sqs-event.ts';
import { type Assembly, readAssembly } from '../../infra/local/template/read-assembly.ts';
import { environment } from '../../shared/contract.ts';
import { parseExtension } from '../../shared/parse-extension.ts';
import { gatewayEvent, type TestRequest } from '../functions/fixture/event.ts';
import { fifoMessage } from './official-events.ts';
import { type Invocation, type Runtime, startFunction } from './runtime.ts';

interface Case {
  readonly request: TestRequest;
  readonly status: number;
  /** Of the problem that is answered; undefined where the answer is none. */
  readonly code?: string;
}

const noneOfOurs = { status: 401, code: 'session_required' } as const;
const unsigned = { status: 401, code: 'signature_required' } as const;
const outage = { status: 500, code: 'internal' } as const;

/** By the id of its construct: what each function answers while no service of AWS can be reached. */
const cases: Readonly<Record<string, readonly Case[]>> = {
  Healthz: [{ request: { path: '/_healthz' }, status: 200 }],
  Install: [
    { request: { path: '/fp/install' }, status: 400, code: 'invalid_request' },
    { request: { path: '/fp/install', query: 'company_id=1&client_id=key' }, ...outage },
  ],
  Callback: [
    { request: { path: '/fp/auth' }, status: 400, code: 'invalid_request' },
    { request: { path: '/fp/auth', query: 'state=s&code=c&company_id=1' }, ...outage },
  ],
  Page: [{ request: { path: '/company/1', pathParameters: { company_id: '1' } }, ...outage }],
  Session: [{ request: { path: '/api/session' }, ...noneOfOurs }],
  // Signing in again is at an address with the API key in it.
  PlatformProxy: [
    {
      request: {
        path: '/api/platform/catalog/v2.0/company/1/products/',
        pathParameters: { path: 'catalog/v2.0/company/1/products/' },
      },
      ...outage,
    },
  ],
  Storefront: [{ request: { path: '/ext/wishlist' }, ...unsigned }],
  Webhook: [{ request: { method: 'POST', path: '/api/webhook-events', body: '{}' }, ...outage }],
  AutoInstall: [
    { request: { method: 'POST', path: '/fp/auto_install', body: '{}' }, status: 400, code: 'invalid_request' },
    { request: { method: 'POST', path: '/fp/auto_install', body: '{"company_id":"1","code":"c"}' }, ...outage },
  ],
  Uninstall: [
    { request: { method: 'POST', path: '/fp/uninstall', body: '{}' }, status: 400, code: 'invalid_request' },
    { request: { method: 'POST', path: '/fp/uninstall', body: '{"company_id":"1","client_id":"c"}' }, ...outage },
  ],
};
/**
 * Whatever the extension's author has made: without a session none of it is reached, nor without a signature, nor at a route
 * that the configuration does not name.
 */
const authors = [noneOfOurs, unsigned, outage].map((each) => ({ request: { path: '/api/own' }, ...each }));

const securely = ['strict-transport-security', 'x-content-type-options'];

/** @throws {Failure} where a bundle does not start or answer under AWS's runtime. @returns how many do. */
export async function smoke(runtime: Runtime, assemblyDirectory: string): Promise<number> {
  const assembly = readAssembly(assemblyDirectory);
  const functions = functionsOf(assembly);
  for (const name of [...Object.keys(cases), 'Worker']) {
    check(
      functions.some((fn) => fn.name === name),
      `The stack has no function ${name}: mend test/static/smoke.ts.`,
    );
  }
  for (const fn of functions) {
    const started = await startFunction(runtime, fn);
    if (fn.name === 'Worker') {
      const event = buildSqsEvent([fifoMessage], 'arn:aws:sqs:us-east-1:123456789012:Work.fifo');
      // Nothing that it needs can be reached: the message stays in the queue.
      const { batchItemFailures } = JSON.parse((await started.invoke(event)).text) as { batchItemFailures: object[] };
      check(batchItemFailures.length === 1, 'Worker said that it was done with a message.');
    } else {
      const ask = async ({ request }: Pick<Case, 'request'>) =>
        assertAnswered(fn.name, await started.invoke(gatewayEvent(request)));
      for (const each of cases[fn.name] ?? []) assertCase(fn.name, each, await ask(each));
      if (cases[fn.name] === undefined) {
        const result = await ask({ request: { path: '/api/own' } });
        const expected = authors.find(({ code }) => result.body?.includes(`"${code}"`)) ?? authors[0];
        if (expected !== undefined) assertCase(fn.name, expected, result);
      }
    }
    await started.close();
    check(/INIT RTDONE\(status: success\)/.test(started.said), `${fn.name} did not start in peace.`, started.said);
    console.log(`    ${fn.name}`);
  }
  return functions.length;
}

interface Fn {
  readonly name: string;
  readonly directory: string;
  readonly timeoutSeconds: number;
  readonly environment: Readonly<Record<string, string>>;
}

function functionsOf(assembly: Assembly): Fn[] {
  return Object.entries(assembly.resources).flatMap(([logicalId, { Type, Properties = {} }]) => {
    if (Type !== 'AWS::Lambda::Function') return [];
    const { Code, Timeout, Environment } = Properties as {
      Code: { S3Key: string };
      Timeout: number;
      Environment?: { Variables: Readonly<Record<string, unknown>> };
    };
    const directory = assembly.assetDirectory(Code.S3Key);
    check(directory !== undefined, `${logicalId} has no asset.`);
    const variables = Object.keys(Environment?.Variables ?? {}).map((name) => [name, placeholders[name] ?? name]);
    return {
      name: logicalId.replace(/Function[0-9A-F]{8}$/, ''),
      directory,
      timeoutSeconds: Timeout,
      environment: { ...Object.fromEntries(variables), ...nothingReachable },
    };
  });
}

const placeholders: Readonly<Record<string, string>> = {
  [environment.baseUrl]: 'https://extension.example',
  [environment.workQueueUrl]: 'http://127.0.0.1:1/123456789012/Work.fifo',
};

/** Nobody listens at port 1. */
const nothingReachable = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'CANARY-aws-secret',
  AWS_SESSION_TOKEN: 'CANARY-aws-session',
  AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
  AWS_MAX_ATTEMPTS: '1',
};

function assertAnswered(name: string, { status, text }: Invocation): APIGatewayProxyStructuredResultV2 {
  const result = JSON.parse(text) as APIGatewayProxyStructuredResultV2 & { errorType?: string };
  check(status === 200 && result.errorType === undefined, `${name} failed instead of answering.`, text);
  check(!text.includes('CANARY'), `${name} answered with a credential.`);
  return result;
}

function assertCase(name: string, { request, status, code }: Case, result: APIGatewayProxyStructuredResultV2): void {
  const what = `${name}, asked for ${request.method ?? 'GET'} ${request.path}?${request.query ?? ''},`;
  const said = JSON.stringify(result, undefined, 2);
  check(result.statusCode === status, `${what} answered ${result.statusCode} instead of ${status}.`, said);
  for (const header of securely) check(result.headers?.[header] !== undefined, `${what} left ${header} out.`, said);
  if (code === undefined) return;
  check(result.headers?.['content-type'] === 'application/problem+json', `${what} answered no problem.`, said);
  const problem = JSON.parse(result.body ?? '{}') as { code?: string };
  check(problem.code === code, `${what} answered ${problem.code} instead of ${code}.`, said);
}

/** An error that Lambda itself reports, to the queue or to the gateway. */
function assertReported(name: string, { text }: Invocation, errorType: RegExp): void {
  const { errorType: found = '' } = JSON.parse(text) as { errorType?: string };
  check(errorType.test(found), `${name} was reported as ${found || 'well'}.`, text);
  check(!text.includes('CANARY'), `The report about ${name} has a credential in it.`);
}

/** Bundles that cannot start are reported to the caller, by the kind of error, and not with an answer of the function's. */
export async function breakBundles(runtime: Runtime, assemblyDirectory: string, directory: string): Promise<void> {
  const assembly = readAssembly(assemblyDirectory);
  const whole = functionsOf(assembly).find(({ name }) => name === 'Healthz');
  check(whole !== undefined, 'The stack has no function Healthz.');
  const broken: readonly (readonly [what: string, edit: (code: string) => string, errorType: RegExp])[] = [
    ['a bundle that is no JavaScript', (code) => `${code}(`, /^Runtime\.UserCodeSyntaxError$/],
    ['a bundle that throws when it starts', (code) => `throw new RangeError('no');${code}`, /^RangeError$/],
    ['a bundle that lacks a module', (code) => `require('./gone.cjs');${code}`, /^(Runtime\.ImportModuleError|Error)$/],
    ['a bundle without a handler', () => 'exports.other = 1;', /^Runtime\.HandlerNotFound$/],
  ];
  for (const [what, edit, errorType] of broken) {
    const folder = join(directory, 'broken', String(broken.findIndex(([each]) => each === what)));
    await mkdir(folder, { recursive: true });
    await cp(whole.directory, folder, { recursive: true });
    await writeFile(join(folder, 'index.js'), edit(await readFile(join(whole.directory, 'index.js'), 'utf8')));
    const started = await startFunction(runtime, { ...whole, directory: folder });
    assertReported(what, await started.invoke(gatewayEvent({ path: '/_healthz' })), errorType);
    // A second call starts it again, and finds it broken still.
    assertReported(what, await started.invoke(gatewayEvent({ path: '/_healthz' })), errorType);
    await started.close();
    check(!/INIT RTDONE\(status: success\)/.test(started.said), `${what} started.`, started.said);
    console.log(`    ${what}`);
  }
}

const mebibyte = 1024 * 1024;

/** Answers up to Lambda's limit arrive whole; above it the functions answer a problem, which Lambda itself would not. */
export async function fillAnswers(runtime: Runtime, directory: string): Promise<void> {
  const entry = './test/static/fixture/sized-answer.ts';
  const extension = parseExtension({ name: 'Sizes', scopes: ['company/products'] });
  const bundles = await bundle({ extension, entries: [entry], directory: join(directory, 'sizes') });
  const own = { timeoutSeconds: 30, environment: nothingReachable };
  const started = await startFunction(runtime, { ...own, directory: bundles.get(entry)?.directory ?? '' });
  const seen = new Set<string>();
  for (const kind of ['plain', 'quotes', 'binary']) {
    for (const bytes of [
      1,
      3 * mebibyte,
      4.4 * mebibyte,
      4.6 * mebibyte,
      5.9 * mebibyte,
      6.1 * mebibyte,
      30 * mebibyte,
    ]) {
      const query = `kind=${kind}&bytes=${Math.floor(bytes)}`;
      for (const headers of [{ 'accept-encoding': 'identity' }, { 'accept-encoding': 'gzip' }]) {
        const result = assertAnswered(query, await started.invoke(gatewayEvent({ path: '/', query, headers })));
        const { statusCode, body = '', isBase64Encoded = false } = result;
        const tooLarge = statusCode === 502 && body.includes('"response_too_large"');
        const isPacked = result.headers?.['content-encoding'] === 'gzip';
        const length = Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8').byteLength;
        check(
          tooLarge || (statusCode === 200 && (isPacked || length === Math.floor(bytes))),
          `${query} was answered with ${statusCode} and ${length} bytes.`,
        );
        seen.add(tooLarge ? 'too large' : isPacked ? 'packed' : isBase64Encoded ? 'base64' : 'text');
      }
    }
  }
  await started.close();
  check(seen.size === 4, `Only ${[...seen].join(', ')} was seen: choose other sizes in test/static/smoke.ts.`);

  // The limit itself, so that what is above is known to mean something.
  const folder = join(directory, 'unlimited');
  await mkdir(folder, { recursive: true });
  const code = "exports.handler = ({ bytes }) => Promise.resolve({ body: 'x'.repeat(bytes) });";
  await writeFile(join(folder, 'index.js'), code);
  const unlimited = await startFunction(runtime, { ...own, directory: folder });
  assertAnswered('an answer of 6 MB', await unlimited.invoke({ bytes: 6 * mebibyte - 100 }));
  const above = await unlimited.invoke({ bytes: 6 * mebibyte + 1_000 });
  assertReported('an answer above 6 MB', above, /^Function\.ResponseSizeTooLarge$/);
  await unlimited.close();
}
