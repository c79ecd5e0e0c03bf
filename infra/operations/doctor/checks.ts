import { paths } from '../../../shared/contract.ts';
import { scopesBeyond } from '../../../shared/scope-ceiling.ts';
import type { ExtensionDetails } from '../../commands/extension-details.ts';
import { accountChecks } from './account-checks.ts';
import { type AccountCheck, type Check, type Examined, type Finding, ok, unknown, wrong } from './examined.ts';
import { routeChecks } from './route-checks.ts';
import { storedChecks } from './stored-checks.ts';
import { tableChecks } from './table-checks.ts';

/** Half of what signatures of storefronts may be old. */
const maxSkewMs = 150_000;

/** At the platform and at the extension's addresses. */
const servingChecks: readonly Check[] = [
  {
    name: 'key and secret',
    remedy: 'npm run configure, with both from the partner panel',
    run: async ({ details, cluster }) => {
      await details();
      return ok(`accepted by ${cluster}`);
    },
  },
  {
    name: 'scopes',
    remedy: 'add them to the extension in the partner panel, or take them out of extension.config.ts',
    run: ofDetails(({ scopes }, { extension }) => {
      if (scopes === undefined) return unknown('the platform does not say which it allows');
      const missing = scopesBeyond(scopes, extension.scopes);
      return missing.length === 0
        ? ok(`the partner panel allows all ${extension.scopes.length}`)
        : wrong(`the partner panel does not allow ${missing.join(', ')}`);
    }),
  },
  {
    name: 'base URL',
    remedy: 'npm run base-url, or enter it in the partner panel',
    run: ofDetails(({ baseUrl: registered }, { baseUrl }) => {
      if (registered === undefined) return unknown('the platform does not say which it has');
      return registered === baseUrl ? ok(baseUrl) : wrong(`the platform has ${registered}, and not ${baseUrl}`);
    }),
  },
  {
    name: 'clock',
    remedy: 'set the clock of this machine by the network: signatures are judged by it',
    run: ofDetails(({ platformAtMs }, { nowMs }) => {
      if (platformAtMs === undefined) return unknown('the platform sends no date');
      const skewMs = Math.abs(nowMs() - platformAtMs);
      const says = `${Math.round(skewMs / 1000)} s from the platform’s`;
      return skewMs <= maxSkewMs ? ok(says) : wrong(says);
    }),
  },
  {
    name: 'health',
    remedy: 'start it, or npm run deploy; with a domain of your own, see whether it leads to the API',
    run: async ({ ask, baseUrl }) => {
      const response = await ask(paths.healthz);
      const { ok: isWell } = (await response.json().catch(() => ({}))) as { readonly ok?: unknown };
      return isWell === true
        ? ok(`${baseUrl} serves`)
        : wrong(`${baseUrl}${paths.healthz} answered ${response.status}`);
    },
  },
  {
    name: 'callback',
    remedy: 'let nothing stand before the API that answers in its place or caches',
    run: async ({ ask, baseUrl }) => {
      // Nobody began this: refused by the extension, in its own words.
      const response = await ask(paths.callback);
      const isOurs = response.headers.get('content-type')?.startsWith('application/problem+json') ?? false;
      const isKept = !response.headers.get('cache-control')?.includes('no-store');
      if (!isOurs)
        return wrong(`${baseUrl}${paths.callback} answered ${response.status}, and not as the extension does`);
      return isKept ? wrong('its answers may be cached on their way') : ok('answers, and is not cached');
    },
  },
  {
    name: 'page',
    remedy: 'name the panel’s origin in adminOrigins, deploy, and let nothing rewrite the headers',
    run: async ({ ask, extension }) => {
      const response = await ask('/company/1?session=tab');
      const policy = response.headers.get('content-security-policy') ?? '';
      const [, ancestors = ''] = /frame-ancestors ([^;]*)/.exec(policy) ?? [];
      const refused = extension.adminOrigins.filter((origin) => !ancestors.split(' ').includes(origin));
      if (response.status !== 200) return wrong(`the page answered ${response.status}`);
      if (response.headers.has('x-frame-options')) return wrong('X-Frame-Options keeps it out of the panel’s frame');
      return refused.length === 0
        ? ok('may be shown in the panel’s frame')
        : wrong(`may not be shown in a frame of ${refused.join(', ')}`);
    },
  },
];

/** Finding by finding, in the order in which they are mended, where there is something to look at. */
export function checksOf({ account }: Examined): readonly Check[] {
  const all = [...servingChecks, ...routeChecks, ...tableChecks, ...storedChecks];
  return account === undefined ? all : [...all, ...accountChecks.map((check) => inAccount(account, check))];
}

function inAccount(account: NonNullable<Examined['account']>, check: AccountCheck): Check {
  return { ...check, run: (examined) => check.run(account, examined) };
}

/** A check that looks at the details; where there are none, that is the first check's finding. */
function ofDetails(judge: (details: ExtensionDetails, examined: Examined) => Finding): Check['run'] {
  return async (examined) => {
    const details = await examined.details().catch(() => undefined);
    return details === undefined ? unknown('the platform was not asked') : judge(details, examined);
  };
}
