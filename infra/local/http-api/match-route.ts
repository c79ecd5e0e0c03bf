/** A route of the HTTP API: `GET /company/{company_id}`, `ANY /api/platform/{path+}` or `$default`. */
export interface Route {
  readonly key: string;
  readonly functionId: string;
  readonly timeoutMilliseconds: number;
}

export interface RouteMatch {
  readonly route: Route;
  readonly pathParameters: Readonly<Record<string, string>>;
}

interface Candidate extends RouteMatch {
  /** Smaller is more specific; compared from the left. */
  readonly rank: readonly number[];
}

/**
 * The route that API Gateway picks for a decoded path: the most specific one, and a method before ANY
 * (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html). A variable takes one
 * segment that is not empty, a greedy one everything that is left and at least one character.
 */
export function matchRoute(routes: readonly Route[], method: string, path: string): RouteMatch | undefined {
  const candidates = routes.flatMap((route) => candidate(route, method, path) ?? []);
  candidates.sort((a, b) => compareRanks(a.rank, b.rank));
  return candidates[0];
}

const rankStatic = 0;
const rankVariable = 1;
const rankGreedy = 2;
const rankDefault = 3;

function candidate(route: Route, method: string, path: string): Candidate | undefined {
  if (route.key === '$default') return { route, pathParameters: {}, rank: [rankDefault] };
  const [routeMethod, pattern = ''] = route.key.split(' ');
  if (routeMethod !== 'ANY' && routeMethod !== method) return undefined;
  const rank: number[] = [];
  const pathParameters: Record<string, string> = {};
  const segments = path.split('/');
  const parts = pattern.split('/');
  for (const [index, part] of parts.entries()) {
    const segment = segments[index];
    const [, name, greedy] = /^\{([^+}]+)(\+?)\}$/.exec(part) ?? [];
    if (segment === undefined) return undefined;
    if (name === undefined) {
      if (part !== segment) return undefined;
      rank.push(rankStatic);
    } else {
      const value = greedy ? segments.slice(index).join('/') : segment;
      if (value === '') return undefined;
      pathParameters[name] = value;
      rank.push(greedy ? rankGreedy : rankVariable);
      if (greedy) return { route, pathParameters, rank: [...rank, methodRank(routeMethod)] };
    }
  }
  if (segments.length !== parts.length) return undefined;
  return { route, pathParameters, rank: [...rank, methodRank(routeMethod)] };
}

function methodRank(method: string | undefined): number {
  return method === 'ANY' ? 1 : 0;
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  const index = a.findIndex((rank, position) => rank !== b[position]);
  return index === -1 ? 0 : (a[index] ?? 0) - (b[index] ?? 0);
}
