import { TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { AlarmRow } from './resources/alarms.ts';
import { type OwnMetrics, ownMetrics, type Watched } from './watched.ts';

/** Headings of docs/runbook.md, as anchors. A test finds each there. */
export type RunbookPage =
  | 'requests-fail'
  | 'sign-ins-fail'
  | 'scopes-beyond-the-panel'
  | 'answers-are-slow'
  | 'functions-are-throttled'
  | 'tables-are-busy'
  | 'the-platform-limits-us'
  | 'the-worker-fails'
  | 'dead-letters'
  | 'background-work-stands-still'
  | 'work-waits-too-long'
  | 'signatures-are-refused'
  | 'subscribers-are-blocked'
  | 'grants-are-lost'
  | 'tokens-cannot-be-read'
  | 'received-events-wait';

const minute = 60;
const hour = 3_600;

/**
 * Every alarm of the stack, in the order in which a night shift asks. Each one is for something that does not mend itself, or
 * that people notice; what retries mend has none. Every row costs 0.10 USD a month.
 */
export function alarmRows(watched: Watched): readonly AlarmRow<RunbookPage>[] {
  const own = ownMetrics(watched);
  return [
    ...ofGettingIn(own),
    ...ofRequests(watched),
    ...ofLimits(own),
    ...ofBackgroundWork(watched),
    ...ofEvents(own),
    ...ofGrants(own),
    ...ofReceivedEvents(watched),
  ];
}

/** What the sweep counts comes four times a day: what it said last holds until it says otherwise. */
const sinceTheSweep = { periodSeconds: hour, periods: [1, 7] } as const;

function ofGettingIn(own: OwnMetrics): AlarmRow<RunbookPage>[] {
  return [
    {
      name: 'sign-ins-fail',
      metric: own('SignInsFailed', 'Sum', 5 * minute),
      goesOff: 'at or above',
      threshold: 3,
      periods: [1, 3],
      missing: TreatMissingData.NOT_BREACHING,
      usersSee: 'People allow the extension, and get an error page instead of it.',
      because:
        'what people themselves can cause is not counted; three in five minutes are more than a service that restarts.',
      page: 'sign-ins-fail',
      stopsDeployment: true,
    },
    {
      name: 'scopes-beyond-panel',
      metric: own('ScopesBeyondPanel', 'Maximum', sinceTheSweep.periodSeconds),
      goesOff: 'above',
      threshold: 0,
      periods: sinceTheSweep.periods,
      missing: TreatMissingData.NOT_BREACHING,
      usersSee: 'Nobody can install: the extension asks for more than the partner panel allows it.',
      because: 'one scope too many is enough, and it stays until somebody adds it there or takes it out here.',
      page: 'scopes-beyond-the-panel',
    },
  ];
}

function ofLimits(own: OwnMetrics): AlarmRow<RunbookPage>[] {
  return [
    {
      name: 'tables-are-busy',
      metric: own('RefusedTryAgain', 'Sum', 5 * minute),
      goesOff: 'at or above',
      threshold: 5,
      periods: [2, 3],
      missing: TreatMissingData.NOT_BREACHING,
      usersSee: 'People read that the extension is busy: a table or a queue of ours refuses or does not answer.',
      because: 'tables on demand grow within minutes, so that a burst is over by then; this went on for ten.',
      page: 'tables-are-busy',
    },
    {
      name: 'platform-limits-us',
      metric: own('Upstream429', 'Sum', 5 * minute),
      goesOff: 'at or above',
      threshold: 20,
      periods: [3, 3],
      missing: TreatMissingData.NOT_BREACHING,
      usersSee: 'People read that the platform is busy, and background work is late.',
      because:
        'a refused call pauses its company, so that a few are usual; twenty in five minutes for a quarter of an hour are too many companies or calls.',
      page: 'the-platform-limits-us',
    },
  ];
}

function ofEvents(own: OwnMetrics): AlarmRow<RunbookPage>[] {
  return [
    {
      name: 'work-is-late',
      metric: own('WorkWaitMs', 'p90', 15 * minute),
      goesOff: 'above',
      threshold: 30 * minute * 1_000,
      periods: [2, 2],
      missing: TreatMissingData.NOT_BREACHING,
      usersSee: 'Changes show up late: a tenth of all events and schedules waited for more than half an hour.',
      because:
        'work begins within seconds; a schedule over very many companies is longer, but not for half an hour on end.',
      page: 'work-waits-too-long',
    },
    {
      name: 'signatures-refused',
      metric: own('RefusedSignatureMismatch', 'Sum', 15 * minute),
      goesOff: 'at or above',
      threshold: 20,
      periods: [2, 2],
      missing: TreatMissingData.NOT_BREACHING,
      usersSee: 'Events may not be taken over: many calls come with a signature that is by no key of ours.',
      because:
        'a rotation refuses some for a few minutes, and strangers try now and then; this went on for half an hour.',
      page: 'signatures-are-refused',
    },
    {
      name: 'subscribers-blocked',
      metric: own('BlockedSubscribers', 'Sum', sinceTheSweep.periodSeconds),
      goesOff: 'above',
      threshold: 0,
      periods: sinceTheSweep.periods,
      missing: TreatMissingData.NOT_BREACHING,
      usersSee: 'No event of some company comes any more: the platform has blocked its subscriber.',
      because: 'the platform does that only after two days of failures, or twenty, and does not take it back.',
      page: 'subscribers-are-blocked',
    },
  ];
}

function ofGrants(own: OwnMetrics): AlarmRow<RunbookPage>[] {
  return [
    {
      name: 'grants-lost',
      metric: own('GrantsLost', 'Sum', hour),
      goesOff: 'at or above',
      threshold: 5,
      periods: [1, 1],
      missing: TreatMissingData.NOT_BREACHING,
      usersSee: 'Events and schedules of several companies stand still until somebody opens the extension there.',
      because: 'single ones are uninstalls; five within an hour have a common cause.',
      page: 'grants-are-lost',
    },
    {
      name: 'grants-broken',
      metric: own('GrantsBroken', 'Maximum', sinceTheSweep.periodSeconds),
      goesOff: 'at or above',
      threshold: 10,
      periods: sinceTheSweep.periods,
      missing: TreatMissingData.NOT_BREACHING,
      usersSee: 'Events and schedules of many companies stand still until somebody opens the extension there.',
      because: 'some companies never come back; ten among a hundred that the sweep looked at have a common cause.',
      page: 'grants-are-lost',
    },
    {
      name: 'tokens-unreadable',
      metric: own('TokensUnreadable', 'Sum', hour),
      goesOff: 'above',
      threshold: 0,
      periods: [1, 1],
      missing: TreatMissingData.NOT_BREACHING,
      usersSee: 'Events and schedules of a company stand still: no key opens its token.',
      because: 'one is enough: it comes of a key that was changed twice, or of a restored table, and more follow.',
      page: 'tokens-cannot-be-read',
    },
  ];
}

function ofRequests({ apiId, page, failuresPerMinute = 2 }: Watched): AlarmRow<RunbookPage>[] {
  const api = { namespace: 'AWS/ApiGateway', dimensions: { ApiId: apiId } };
  return [
    {
      name: 'requests-fail',
      metric: { ...api, name: '5xx', statistic: 'Sum', periodSeconds: minute },
      goesOff: 'at or above',
      // An extension that few people use must ring, too, when all of their few requests fail.
      threshold: failuresPerMinute,
      periods: [3, 5],
      missing: TreatMissingData.NOT_BREACHING,
      usersSee: 'People see an error page, or parts of a page stay empty.',
      because: `one failure is a retry; ${failuresPerMinute} a minute, in three minutes of five, are something that is down.`,
      page: 'requests-fail',
      stopsDeployment: true,
    },
    {
      name: 'answers-are-slow',
      metric: { ...api, name: 'Latency', statistic: 'p95', periodSeconds: 5 * minute },
      goesOff: 'above',
      threshold: 8_000,
      periods: [3, 3],
      missing: TreatMissingData.NOT_BREACHING,
      usersSee: 'One request in twenty takes longer than eight seconds: people wait, or leave.',
      because:
        'a cold start takes one or two seconds and the gateway gives up at thirty; this lasted a quarter of an hour.',
      page: 'answers-are-slow',
    },
    {
      name: 'functions-are-throttled',
      // The pool is the whole account's. Its metric without a dimension would also count functions with a limit of their
      // own; every page view passes through this one, which has none.
      metric: {
        namespace: 'AWS/Lambda',
        name: 'Throttles',
        dimensions: { FunctionName: page.functionName },
        statistic: 'Sum',
        periodSeconds: 5 * minute,
      },
      goesOff: 'at or above',
      threshold: 5,
      periods: [2, 3],
      missing: TreatMissingData.NOT_BREACHING,
      usersSee: 'Pages do not open: Lambda refuses to run more at once in this account.',
      because: 'a burst may be refused for a moment; in ten minutes of fifteen the account has too little concurrency.',
      page: 'functions-are-throttled',
    },
  ];
}

function ofBackgroundWork({ worker, workQueue }: Watched): AlarmRow<RunbookPage>[] {
  const queue = { namespace: 'AWS/SQS', dimensions: { QueueName: workQueue.queueName } };
  return [
    {
      name: 'worker-fails',
      metric: {
        namespace: 'AWS/Lambda',
        name: 'Errors',
        dimensions: { FunctionName: worker.functionName },
        statistic: 'Sum',
        periodSeconds: 5 * minute,
      },
      goesOff: 'at or above',
      threshold: 5,
      periods: [1, 1],
      missing: TreatMissingData.NOT_BREACHING,
      usersSee: 'Events and schedules are not handled; pages work.',
      because:
        'the worker catches what handlers throw: it ends like this only where it cannot load, or runs out of time.',
      page: 'the-worker-fails',
      stopsDeployment: true,
    },
    deadLettersOf(
      workQueue.deadLetters,
      'dead-letters',
      'Some events or schedules were given up: what they should have changed is missing.',
    ),
    {
      name: 'background-stands-still',
      metric: { ...queue, name: 'NumberOfMessagesDeleted', statistic: 'Sum', periodSeconds: hour },
      goesOff: 'below',
      threshold: 1,
      periods: [7, 7],
      // A queue that nobody polls any more has no data: that is the worst case, not a quiet one.
      missing: TreatMissingData.BREACHING,
      usersSee: 'No event, schedule or hook was handled for seven hours; pages work.',
      because: 'the sweep alone finishes a message every six hours and a quarter at most.',
      page: 'background-work-stands-still',
    },
    {
      name: 'work-waits',
      metric: { ...queue, name: 'ApproximateAgeOfOldestMessage', statistic: 'Maximum', periodSeconds: 5 * minute },
      goesOff: 'above',
      // An uninstall may wait a day on purpose.
      threshold: 26 * hour,
      periods: [1, 1],
      missing: TreatMissingData.NOT_BREACHING,
      usersSee: 'Some company’s events wait for more than a day; in less than three days they are lost.',
      because:
        'nothing waits longer than a day on purpose (an uninstall does), and the queue keeps a message for four.',
      page: 'work-waits-too-long',
    },
  ];
}

function ofReceivedEvents({ receivedEvents }: Watched): AlarmRow<RunbookPage>[] {
  if (receivedEvents === undefined) return [];
  const { queue, deadLetters } = receivedEvents;
  return [
    deadLettersOf(
      deadLetters,
      'received-dead-letters',
      'Some events that another account sends could not be read: what they should have changed is missing.',
    ),
    {
      name: 'received-events-wait',
      metric: {
        namespace: 'AWS/SQS',
        name: 'ApproximateAgeOfOldestMessage',
        dimensions: { QueueName: queue.queueName },
        statistic: 'Maximum',
        periodSeconds: 5 * minute,
      },
      goesOff: 'above',
      threshold: 15 * minute,
      periods: [2, 2],
      missing: TreatMissingData.NOT_BREACHING,
      usersSee: 'Events that another account sends are handled late, or not at all.',
      because: 'they are moved to the work queue within seconds, and nothing waits here on purpose.',
      page: 'received-events-wait',
    },
  ];
}

function deadLettersOf(
  { queueName }: Pick<IQueue, 'queueName'>,
  name: string,
  usersSee: string,
): AlarmRow<RunbookPage> {
  return {
    name,
    metric: {
      namespace: 'AWS/SQS',
      name: 'ApproximateNumberOfMessagesVisible',
      dimensions: { QueueName: queueName },
      statistic: 'Maximum',
      periodSeconds: 5 * minute,
    },
    goesOff: 'above',
    threshold: 0,
    periods: [1, 1],
    missing: TreatMissingData.NOT_BREACHING,
    usersSee,
    because: 'a message becomes a dead letter after five attempts, and none mends itself: it is deleted after 14 days.',
    page: 'dead-letters',
  };
}
