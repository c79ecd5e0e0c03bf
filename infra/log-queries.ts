/**
 * What people ask of logs, once for all who answer it: CloudWatch's filters (`npm run logs`), its Logs Insights (the
 * dashboard), and this machine.
 */

/** What must hold of one field of a line. */
export type Condition = { readonly field: string } & (
  | { readonly is: string }
  | { readonly over: number }
  /** It is there at all. */
  | { readonly exists: true }
);

export interface LogQuery {
  /** What it answers. */
  readonly question: string;
  /** Lines for which one of these holds. */
  readonly anyOf: readonly Condition[];
  /** What a table of its lines shows, besides the time. */
  readonly shows: readonly string[];
}

const about = ['company_id', 'request_id', 'trace_id'];
const ofRequests = ['route', 'status', 'code', 'detail', 'duration_ms', ...about];
const ofMessages = ['kind', 'schedule', 'outcome', 'attempt', 'code', 'detail', ...about, 'message_id', 'caused_by'];

/** By the name that `npm run logs -- --query NAME` takes. */
export const logQueries = {
  failures: {
    question: 'What failed?',
    anyOf: [{ field: 'level', is: 'error' }],
    shows: ['kind', ...ofRequests],
  },
  'slow-calls': {
    question: 'What took longer than three seconds?',
    anyOf: [{ field: 'duration_ms', over: 3_000 }],
    shows: ['kind', ...ofRequests, 'platform_request'],
  },
  refusals: {
    question: 'Which requests were refused, and why?',
    anyOf: [{ field: 'code', exists: true }],
    shows: ofRequests,
  },
  'sign-ins': {
    question: 'What became of those who came back from the platform?',
    anyOf: ['GET /fp/auth', 'GET /adm/auth'].map((is) => ({ field: 'route', is })),
    shows: ofRequests,
  },
  'platform-limits': {
    question: 'Where does the platform want to be left alone?',
    anyOf: [
      { field: 'Upstream429', exists: true },
      { field: 'BudgetWaited', exists: true },
      { field: 'BudgetExhausted', exists: true },
    ],
    shows: ['kind', 'route', 'retry_after_s', ...about],
  },
  'work-failures': {
    question: 'Which events, hooks and schedules failed, and come again?',
    anyOf: [{ field: 'outcome', is: 'failed' }],
    shows: ofMessages,
  },
  'dead-letters': {
    question: 'Which messages were given up?',
    anyOf: [{ field: 'WorkDeadLettered', exists: true }],
    shows: ofMessages,
  },
  'broken-grants': {
    question: 'Which companies’ grants do not work?',
    anyOf: ['GrantsLost', 'TokensUnreadable', 'RefreshesRefused', 'RefreshesUnknown'].map((field) => ({
      field,
      exists: true as const,
    })),
    shows: ['outcome', 'code', 'platform_status', ...about],
  },
} as const satisfies Readonly<Record<string, LogQuery>>;

export type LogQueryName = keyof typeof logQueries;

/** Logs Insights takes it as it is. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html */
export function insightsOf({ anyOf, shows }: LogQuery): string {
  const conditions = anyOf.map((each) => {
    if ('is' in each) return `${each.field} = ${JSON.stringify(each.is)}`;
    return 'over' in each ? `${each.field} > ${each.over}` : `ispresent(${each.field})`;
  });
  return [
    `fields @timestamp, ${shows.join(', ')}`,
    `filter ${conditions.join(' or ')}`,
    'sort @timestamp desc',
    'limit 50',
  ].join('\n| ');
}

/** All of these groups hold, of each at least one condition. */
export type Wanted = readonly (readonly Condition[])[];

/**
 * A filter pattern for lines of JSON; undefined where every line is wanted.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 */
export function filterPatternOf(wanted: Wanted): string | undefined {
  if (wanted.length === 0) return undefined;
  const groups = wanted.map((anyOf) => {
    const conditions = anyOf.map((each) => {
      if ('is' in each) return `($.${each.field} = ${JSON.stringify(each.is)})`;
      return 'over' in each ? `($.${each.field} > ${each.over})` : `($.${each.field} = *)`;
    });
    return conditions.length === 1 ? conditions[0] : `(${conditions.join(' || ')})`;
  });
  return `{ ${groups.join(' && ')} }`;
}

/** The same for a line that was read: stand-ins for CloudWatch know little of patterns. */
export function isWanted(wanted: Wanted, line: Readonly<Record<string, unknown>>): boolean {
  return wanted.every((anyOf) =>
    anyOf.some((each) => {
      const value = line[each.field];
      if ('is' in each) return value === each.is;
      return 'over' in each ? typeof value === 'number' && value > each.over : value !== undefined && value !== null;
    }),
  );
}
