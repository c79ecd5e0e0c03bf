import { paths } from '../../../shared/contract.ts';
import { type Check, type Examined, judged, ok, unknown, wrong } from './examined.ts';

/** What a route answers to somebody without a session and without a signature: a status, and the problem's code if it is one. */
interface Expectation {
  readonly request: string;
  readonly answers: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const json = { 'content-type': 'application/json' };

/** One request for each route of the template's. Each is refused before anything is stored, queued or asked of the platform. */
const expectations: readonly Expectation[] = [
  { request: `GET ${paths.install}`, answers: '400 invalid_request' },
  { request: `GET ${paths.callback}`, answers: '400 invalid_request' },
  { request: `GET ${paths.session}`, answers: '401 session_required' },
  // No cookie and no origin: a program's, not a page's.
  { request: `DELETE ${paths.session}`, answers: '403 cross_site_request' },
  { request: `GET ${below(paths.platform)}`, answers: '401 session_required' },
  { request: 'GET /company/1', answers: '302' },
  {
    request: `POST ${paths.webhookEvents}?company_id=1`,
    answers: '403 signature_mismatch',
    headers: { ...json, 'x-fp-signature': '0'.repeat(64) },
    body: '{}',
  },
  { request: `POST ${paths.webhookEvents}`, answers: '401 signature_required', headers: json, body: '{}' },
  { request: `POST ${paths.autoInstall}`, answers: '400 invalid_request', headers: json, body: '{}' },
  { request: `POST ${paths.uninstall}`, answers: '400 invalid_request', headers: json, body: '{}' },
  { request: `GET ${below(paths.storefront)}`, answers: '401 signature_required' },
  { request: `GET ${paths.sessionScript}`, answers: '200' },
];

const partnerExpectations: readonly Expectation[] = [
  { request: `GET ${paths.partnerInstall}`, answers: '400 invalid_request' },
  { request: `GET ${paths.partnerCallback}`, answers: '400 invalid_request' },
  { request: `GET ${below(paths.partner)}`, answers: '401 session_required' },
  { request: 'GET /organization/1', answers: '302' },
];

/** Whether each route leads to the function that it should, and how paths arrive there. */
export const routeChecks: readonly Check[] = [
  {
    name: 'routes',
    remedy: 'npm run deploy; let nothing stand before the API that answers in its place',
    run: async (examined) => {
      const expected = [...expectations, ...(examined.extension.partner === undefined ? [] : partnerExpectations)];
      const faults = await Promise.all(expected.map((each) => faultOf(each, examined)));
      return judged(
        faults.filter((fault) => fault !== undefined),
        `all ${expected.length} canaries were refused, or served, as they should be`,
      );
    },
  },
  {
    name: 'paths',
    remedy: 'lead requests to the API as they were sent: a proxy before it decodes paths, or encodes them again',
    run: async ({ ask, account }) => {
      // `%252e` is `%2e` decoded once, and a file's name may be spelt so. Nobody may be let in for one decoded twice.
      const [once, twice] = await Promise.all([
        ask(paths.sessionScript.replace('.js', '%252ejs')),
        ask('/company/1%2531?session=tab'),
      ]);
      if (twice.status === 200) return wrong('%25 is decoded twice: %2531 arrives as 1');
      if (once.status === 200) return ok('%25 arrives as %, as an HTTP API delivers it');
      const kept = '%25 arrives as %25: what the proxy hands on has % encoded once more';
      // Known of it, and said in docs/deploy.md.
      return account?.isEmulated ? unknown(`${kept}. AWS decodes it, the emulator does not`) : wrong(kept);
    },
  },
];

async function faultOf(
  { request, answers, headers = {}, body }: Expectation,
  { ask }: Pick<Examined, 'ask'>,
): Promise<string | undefined> {
  const [method = '', path = ''] = request.split(' ');
  const response = await ask(path, { method, headers, ...(body !== undefined && { body }) });
  const problem = response.headers.get('content-type')?.startsWith('application/problem+json')
    ? ((await response.json().catch(() => ({}))) as { readonly code?: unknown })
    : undefined;
  if (problem === undefined) await response.body?.cancel();
  const answered = [response.status, ...(typeof problem?.code === 'string' ? [problem.code] : [])].join(' ');
  return answered === answers ? undefined : `${request} answered ${answered} instead of ${answers}`;
}

/** A path below a prefix that has nothing. */
function below(path: string): string {
  return path.replace('{path+}', 'doctor');
}
