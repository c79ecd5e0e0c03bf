import type { ProblemCode } from './problems.ts';

/** The namespace of all of them in CloudWatch. */
export const metricNamespace = 'FyndExtension';

/**
 * The only dimension: the stack's name. Each pair of a metric and a value costs by itself, and an alarm looks at one pair;
 * which company and which function it was, the line of the log says that carries the data point.
 */
export const metricDimension = 'Stack';

/** What a metric counts or measures, for whoever looks at it. */
interface Metric<Unit> {
  readonly unit: Unit;
  /** What a data point means to users; what it is, where it means nothing to them. */
  readonly means: string;
  /** What writes it. */
  readonly from: string;
}

const anyRoute = 'any function that answers requests';
const signIn = 'callback';
const proxy = 'the proxy';
const caller = 'whatever calls the platform';
const refresher = 'whatever uses a company’s token';
const webhooks = 'webhook, receive-event';
const worker = 'worker';
const sweep = 'worker, at each sweep';

/**
 * Every metric that there is. A name that ends in `Ms` is measured in milliseconds, with a data point for each time; any other counts, and
 * nothing is written where there is nothing to count. `docs/seeing.md` is this table, and each row is caused in a test.
 */
export const metrics = {
  // Installing and signing in.
  InstallsFirst: {
    unit: 'Count',
    means: 'A company, or an organization, has installed the extension that never had it.',
    from: 'callback, auto-install',
  },
  InstallsAgain: {
    unit: 'Count',
    means: 'An installation was made again: after an uninstall, or because its grant was dead.',
    from: 'callback, auto-install',
  },
  SignIns: { unit: 'Count', means: 'A person has signed in.', from: signIn },
  SignInsFailed: {
    unit: 'Count',
    means: 'A person came back from the platform and was not signed in, by no fault of theirs: a 5xx.',
    from: signIn,
  },
  WorkNotQueued: {
    unit: 'Count',
    means: 'The queue took no hooks and webhooks of a sign-in. The next one, or the sweep, makes up for it.',
    from: signIn,
  },
  LaunchedHooksFailed: {
    unit: 'Count',
    means: 'The author’s launched hook failed or was too slow: the person landed where people land without it.',
    from: signIn,
  },

  // Requests that were refused, by code.
  RefusedInvalidRequest: {
    unit: 'Count',
    means: 'A parameter, header or body is missing or malformed.',
    from: anyRoute,
  },
  RefusedStateMismatch: {
    unit: 'Count',
    means: 'A sign-in could not be matched to its browser. Many: frames keep no cookies.',
    from: anyRoute,
  },
  RefusedSessionRequired: { unit: 'Count', means: 'A script called without a session.', from: anyRoute },
  RefusedSessionExpired: {
    unit: 'Count',
    means: 'A session had ended; the page signs its person in again. Many at once: keys or installations changed.',
    from: anyRoute,
  },
  RefusedSignatureRequired: { unit: 'Count', means: 'An event or a storefront call came unsigned.', from: anyRoute },
  RefusedSignatureExpired: { unit: 'Count', means: 'A signed call came too late, or a clock is off.', from: anyRoute },
  RefusedSignatureMismatch: {
    unit: 'Count',
    means: 'A signature is by no key of ours. Many: a key was rotated on one side only.',
    from: anyRoute,
  },
  RefusedAccessDenied: {
    unit: 'Count',
    means: 'Somebody did not allow the extension what it asks for.',
    from: anyRoute,
  },
  RefusedScopesMissing: {
    unit: 'Count',
    means: 'Somebody wanted to install who may not grant what the extension needs.',
    from: anyRoute,
  },
  RefusedTenantMismatch: { unit: 'Count', means: 'A request named another company than its session.', from: anyRoute },
  RefusedCrossSiteRequest: { unit: 'Count', means: 'Another site made a browser call.', from: anyRoute },
  RefusedRouteNotAllowed: {
    unit: 'Count',
    means: 'A page made a call that the configuration does not allow.',
    from: anyRoute,
  },
  RefusedNotFound: { unit: 'Count', means: 'There is nothing at that address.', from: anyRoute },
  RefusedMethodNotAllowed: { unit: 'Count', means: 'An address does not take that method.', from: anyRoute },
  RefusedInstallationRequired: {
    unit: 'Count',
    means: 'Somebody wants work done for a company that is not installed.',
    from: anyRoute,
  },
  RefusedContentTooLarge: { unit: 'Count', means: 'A body is too large to travel.', from: anyRoute },
  RefusedRateLimited: {
    unit: 'Count',
    means:
      'Somebody, or a company, calls more than limits allows, or the platform wants to be left alone: people wait.',
    from: anyRoute,
  },
  RefusedCodeRefused: {
    unit: 'Count',
    means: 'The platform took no code: nobody signs in while the API secret is wrong.',
    from: anyRoute,
  },
  RefusedPlatformError: { unit: 'Count', means: 'The platform gave no usable answer.', from: anyRoute },
  RefusedResponseTooLarge: { unit: 'Count', means: 'The platform’s answer is too large to hand on.', from: anyRoute },
  RefusedTryAgain: {
    unit: 'Count',
    means: 'A table or a queue of ours is throttled or silent: people see that the extension is busy.',
    from: anyRoute,
  },
  RefusedPlatformTimeout: { unit: 'Count', means: 'The platform did not answer in time.', from: anyRoute },
  RefusedInternal: {
    unit: 'Count',
    means: 'Something failed that should not: a fault of ours, of the author’s code, or of the setup.',
    from: anyRoute,
  },

  // The proxy's cache.
  CacheHits: { unit: 'Count', means: 'An answer came out of the person’s own cache.', from: proxy },
  CacheMisses: { unit: 'Count', means: 'The platform was asked, since the cache had no fresh answer.', from: proxy },
  ResponsesNotStored: {
    unit: 'Count',
    means: 'The cache’s table took no answer. The person has it; the next one waits for the platform again.',
    from: proxy,
  },
  EpochsNotMoved: {
    unit: 'Count',
    means:
      'After a person’s write the cache could not be told. Answers that were under way may be shown until they are old.',
    from: proxy,
  },

  // The platform. How many calls it answered is how many data points UpstreamMs has.
  UpstreamMs: {
    unit: 'Milliseconds',
    means: 'How long the platform took to answer a call, whatever it answered.',
    from: caller,
  },
  Upstream4xx: { unit: 'Count', means: 'It refused a call: 400 to 499, but for 429.', from: caller },
  Upstream429: { unit: 'Count', means: 'It refused a call since there were too many.', from: caller },
  Upstream5xx: { unit: 'Count', means: 'It failed: 500 and above.', from: caller },
  UpstreamSilent: {
    unit: 'Count',
    means: 'It did not answer in time, hung up, or could not be reached.',
    from: caller,
  },

  // Companies' tokens.
  RefreshesGranted: { unit: 'Count', means: 'A company’s token was refreshed.', from: refresher },
  RefreshesRefused: {
    unit: 'Count',
    means:
      'The platform would not refresh a token now. The old one is used while it lives, then background work waits.',
    from: refresher,
  },
  RefreshesUnknown: {
    unit: 'Count',
    means: 'Nobody knows what became of a refresh: no answer came. It is tried again when its lease is over.',
    from: refresher,
  },
  GrantsLost: {
    unit: 'Count',
    means: 'A company’s grant no longer works. Its background work stands until somebody opens the extension there.',
    from: refresher,
  },
  TokensUnreadable: {
    unit: 'Count',
    means:
      'No key opens a company’s token, as after two rotations: its background work stands until somebody opens the extension there.',
    from: refresher,
  },
  GrantsBroken: {
    unit: 'Count',
    means:
      'Companies without a working grant, or whose refreshes have failed for a while: a data point for each page of a sweep.',
    from: sweep,
  },

  // Events and background work.
  WebhooksReceived: { unit: 'Count', means: 'An event came, and its signature was right.', from: webhooks },
  WebhooksUnhandled: { unit: 'Count', means: 'An event came that no handler is configured for.', from: webhooks },
  WebhooksTooOld: {
    unit: 'Count',
    means: 'An event came that is older than 30 days, and was dropped.',
    from: webhooks,
  },
  WebhooksHandled: { unit: 'Count', means: 'The author’s handler has finished with an event.', from: worker },
  WebhooksDuplicate: { unit: 'Count', means: 'An event came again that was handled before.', from: worker },
  WebhooksSkipped: {
    unit: 'Count',
    means: 'An event was left out: the company has uninstalled, or installed again since, or the handler is gone.',
    from: worker,
  },
  WorkFailed: {
    unit: 'Count',
    means: 'A message failed and comes again, or is given up: an event, a hook, a schedule.',
    from: worker,
  },
  WorkDeadLettered: {
    unit: 'Count',
    means: 'A message failed for the last time: what it should have done is not done until somebody redrives it.',
    from: worker,
  },
  WorkWaitMs: {
    unit: 'Milliseconds',
    means: 'How long a message waited before the worker first took it. Its maximum is the age of the oldest.',
    from: worker,
  },
  SchedulesRunaway: { unit: 'Count', means: 'A schedule went round in circles and was ended.', from: worker },
  BlockedSubscribers: {
    unit: 'Count',
    means: 'The platform has blocked a company’s subscriber, or lost it: no event comes from there.',
    from: sweep,
  },
  ScopesBeyondPanel: {
    unit: 'Count',
    means: 'How many scopes the configuration names and the partner panel does not allow: nobody can install.',
    from: sweep,
  },

  // What the platform lets a company's background work do.
  BudgetWaited: {
    unit: 'Count',
    means: 'Background work waited, since the platform wants to be left alone, and went on.',
    from: refresher,
  },
  BudgetExhausted: {
    unit: 'Count',
    means: 'Background work could not wait so long: the message comes again when it may.',
    from: refresher,
  },
} as const satisfies Table;

/** The unit follows from the name; each code has its metric. */
type Table = { readonly [Name in RefusalMetric]: Metric<'Count'> } & {
  readonly [Name in `${string}Ms`]: Metric<'Milliseconds'>;
} & Readonly<Record<string, Metric<'Count' | 'Milliseconds'>>>;

type Pascal<Snake extends string> = Snake extends `${infer Word}_${infer Rest}`
  ? `${Capitalize<Word>}${Pascal<Rest>}`
  : Capitalize<Snake>;
type RefusalMetric = `Refused${Pascal<ProblemCode>}`;

export type MetricName = keyof typeof metrics;

/** Notes that something happened, or how long it took. It costs no call, and throws nothing. */
export type Count = (name: MetricName, value?: number) => void;
