import type { MetricName } from '../shared/metrics.ts';
import type { RunbookPage } from './alarms.ts';
import { logQueries } from './log-queries.ts';
import type { DashboardRow } from './resources/dashboard.ts';
import type { WatchedMetric } from './resources/metric.ts';
import { ownMetrics, type Watched } from './watched.ts';

const period = 300;

/** What a night shift asks, in the order in which it matters to people. */
export function dashboardRows(watched: Watched): readonly DashboardRow<RunbookPage>[] {
  const own = ownMetrics(watched);
  const sums = (...names: MetricName[]) => names.map((name) => own(name, 'Sum', period));
  const aws = (
    namespace: string,
    dimensions: WatchedMetric['dimensions'],
    statistic: string,
    ...names: string[]
  ): WatchedMetric[] =>
    names.map((name) => ({ namespace: `AWS/${namespace}`, name, dimensions, statistic, periodSeconds: period }));
  const ofApi = { ApiId: watched.apiId };
  const { workQueue, receivedEvents, page, worker, tables } = watched;
  const queues = [
    workQueue,
    workQueue.deadLetters,
    ...(receivedEvents ? [receivedEvents.queue, receivedEvents.deadLetters] : []),
  ];
  return [
    {
      question: 'Can people get in?',
      normal:
        'SignIns go with the time of day. A few refusals are people who changed their mind. SignInsFailed and ScopesBeyondPanel are 0.',
      pages: ['sign-ins-fail', 'scopes-beyond-the-panel'],
      graphs: [
        { title: 'Who got in', metrics: sums('SignIns', 'InstallsFirst', 'InstallsAgain') },
        {
          title: 'Who did not',
          metrics: [
            ...sums(
              'SignInsFailed',
              'RefusedCodeRefused',
              'RefusedStateMismatch',
              'RefusedScopesMissing',
              'RefusedAccessDenied',
            ),
            own('ScopesBeyondPanel', 'Maximum', period),
          ],
        },
      ],
      query: ['sign-ins', logQueries['sign-ins']],
    },
    {
      question: 'Do pages answer?',
      normal:
        '5xx near 0. Half of all requests take less than a second; the slowest are cold starts, or calls that wait for the platform.',
      pages: ['requests-fail', 'answers-are-slow'],
      graphs: [
        { title: 'Requests', metrics: aws('ApiGateway', ofApi, 'Sum', 'Count', '4xx', '5xx') },
        {
          title: 'How long they took',
          metrics: ['p50', 'p95', 'p99'].flatMap((statistic) => aws('ApiGateway', ofApi, statistic, 'Latency')),
        },
        {
          title: 'Why they failed',
          metrics: sums(
            'RefusedInternal',
            'RefusedPlatformError',
            'RefusedPlatformTimeout',
            'RefusedTryAgain',
            'RefusedRateLimited',
          ),
        },
      ],
      query: ['failures', logQueries.failures],
    },
    {
      question: 'Does the platform answer?',
      normal:
        'A call takes some hundred milliseconds. 4xx are refusals of single calls. Upstream5xx and UpstreamSilent are near 0, and cache hits make up for short failures.',
      pages: ['requests-fail', 'answers-are-slow'],
      graphs: [
        {
          title: 'How long it took',
          metrics: ['p50', 'p95', 'p99'].map((statistic) => own('UpstreamMs', statistic, period)),
        },
        { title: 'What it refused', metrics: sums('Upstream4xx', 'Upstream429', 'Upstream5xx', 'UpstreamSilent') },
        {
          title: 'What the cache answered',
          metrics: sums('CacheHits', 'CacheMisses', 'ResponsesNotStored', 'EpochsNotMoved'),
        },
      ],
      query: ['slow-calls', logQueries['slow-calls']],
    },
    {
      question: 'Are webhooks handled?',
      normal:
        'Handled follows received. Work waits for seconds. A message that is a day old is an uninstall, on purpose. Dead letters and blocked subscribers are 0.',
      pages: [
        'the-worker-fails',
        'dead-letters',
        'background-work-stands-still',
        'work-waits-too-long',
        'signatures-are-refused',
        'subscribers-are-blocked',
      ],
      graphs: [
        {
          title: 'Events',
          metrics: sums(
            'WebhooksReceived',
            'WebhooksHandled',
            'WebhooksDuplicate',
            'WebhooksSkipped',
            'WebhooksTooOld',
            'RefusedSignatureMismatch',
            'BlockedSubscribers',
          ),
        },
        {
          title: 'How long work waited',
          metrics: ['p50', 'p90', 'Maximum'].map((statistic) => own('WorkWaitMs', statistic, period)),
        },
        {
          title: 'What waits, and what was given up',
          metrics: queues.flatMap(({ queueName }) =>
            aws('SQS', { QueueName: queueName }, 'Maximum', 'ApproximateNumberOfMessagesVisible'),
          ),
        },
        {
          title: 'What failed',
          metrics: [
            ...sums('WorkFailed', 'WorkDeadLettered', 'SchedulesRunaway'),
            ...aws('Lambda', { FunctionName: worker.functionName }, 'Sum', 'Errors'),
          ],
        },
      ],
      query: ['work-failures', logQueries['work-failures']],
    },
    {
      question: 'Are grants alive?',
      normal: 'Refreshes are granted all day. Single lost grants are uninstalls. TokensUnreadable is 0.',
      pages: ['grants-are-lost', 'tokens-cannot-be-read'],
      graphs: [
        { title: 'Refreshes', metrics: sums('RefreshesGranted', 'RefreshesRefused', 'RefreshesUnknown') },
        {
          title: 'Grants that do not work',
          metrics: [...sums('GrantsLost', 'TokensUnreadable'), own('GrantsBroken', 'Maximum', period)],
        },
      ],
      query: ['broken-grants', logQueries['broken-grants']],
    },
    {
      question: 'Is a limit near?',
      normal:
        'Concurrent executions, of the whole account, are far below its quota (1,000, or 10 in a new account). Nothing is throttled. Waiting for the platform’s budget now and then is normal.',
      pages: ['functions-are-throttled', 'tables-are-busy', 'the-platform-limits-us'],
      graphs: [
        {
          title: 'Lambda',
          metrics: [
            ...aws('Lambda', {}, 'Maximum', 'ConcurrentExecutions'),
            ...[page, worker].flatMap(({ functionName }) =>
              aws('Lambda', { FunctionName: functionName }, 'Sum', 'Throttles'),
            ),
          ],
        },
        {
          title: 'Tables',
          metrics: tables.flatMap(({ tableName }) =>
            aws('DynamoDB', { TableName: tableName }, 'Sum', 'ReadThrottleEvents', 'WriteThrottleEvents'),
          ),
        },
        { title: 'The platform', metrics: sums('Upstream429', 'BudgetWaited', 'BudgetExhausted') },
      ],
      query: ['platform-limits', logQueries['platform-limits']],
    },
  ];
}
