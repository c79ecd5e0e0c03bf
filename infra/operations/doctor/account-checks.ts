import { DescribeAlarmsCommand, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import { DescribeSecretCommand } from '@aws-sdk/client-secrets-manager';
import { paths } from '../../../shared/contract.ts';
import { openStoredSecrets, secretIdsOf } from '../stored-secrets.ts';
import { concurrencyCheck } from './concurrency-check.ts';
import { type Account, type AccountCheck, judged, lasting, ok, unknown, wrong } from './examined.ts';
import { fenceCheck } from './fence-check.ts';
import { tableSettingChecks } from './table-checks.ts';

/** Half of what AWS lets a signature be old. */
const maxSkewMs = 150_000;
/** As the alarm about the work queue has it: infra/alarms.ts. */
const maxWaitingMs = 15 * 60_000;

/** Keys that the stack makes by itself, by the logical id of their secret. */
const madeKeys = { SecretsSessionKey: 'session key', SecretsTokenKey: 'token key', SecretsWebhookKey: 'webhook key' };

/** What there is around a deployed extension. */
export const accountChecks: readonly AccountCheck[] = [
  {
    name: 'keys',
    remedy: 'restore the secret (aws secretsmanager restore-secret), or see docs/runbook.md',
    run: async ({ resources }, { data, nowMs }) => {
      const secrets = (await resources()).filter(({ ResourceType }) => ResourceType === 'AWS::SecretsManager::Secret');
      const found = await Promise.all(
        Object.entries(madeKeys).map(async ([logicalId, name]) => {
          const id = secrets.find((secret) => secret.LogicalResourceId?.startsWith(logicalId))?.PhysicalResourceId;
          if (id === undefined) return { fault: `the stack has no ${name}` };
          const secret = await data.secretsManager.send(new DescribeSecretCommand({ SecretId: id })).catch(noneSuch);
          if (secret === undefined) return { fault: `the ${name} is gone` };
          if (secret.DeletedDate !== undefined) return { fault: `the ${name} is being deleted` };
          const sinceMs = (secret.LastChangedDate ?? secret.CreatedDate)?.getTime();
          return { says: sinceMs === undefined ? name : `${name} ${lasting(nowMs() - sinceMs)} old` };
        }),
      );
      return judged(
        found.flatMap(({ fault }) => (fault === undefined ? [] : [fault])),
        found.map(({ says }) => says).join(', '),
      );
    },
  },
  {
    name: 'own secrets',
    remedy: 'npm run configure stores them',
    run: async ({ stack }, { extension }) => {
      const names = Object.keys(extension.secrets);
      if (names.length === 0) return ok('the configuration names none');
      using stored = openStoredSecrets(stack.region, secretIdsOf(stack, names));
      const values = await Promise.all(names.map(async (name) => ({ name, value: await stored.current(name) })));
      const missing = values.filter(({ value }) => value === undefined || value === '').map(({ name }) => name);
      return judged(missing.length === 0 ? [] : [`no value is stored for ${missing.join(', ')}`], 'all have a value');
    },
  },
  ...tableSettingChecks,
  fenceCheck,
  concurrencyCheck,
  {
    name: 'alarms',
    remedy: 'docs/runbook.md has a page for each',
    run: async ({ resources, cloudWatch }) => {
      const names = (await resources())
        .filter(({ ResourceType }) => ResourceType === 'AWS::CloudWatch::Alarm')
        .flatMap(({ PhysicalResourceId: name }) => name ?? []);
      if (names.length === 0) return wrong('the stack has none', 'npm run deploy with this version of the template');
      const { MetricAlarms: alarms = [] } = await cloudWatch.send(
        new DescribeAlarmsCommand({ AlarmNames: names.slice(0, 100) }),
      );
      const there = new Set(alarms.map(({ AlarmName }) => AlarmName));
      const missing = names.slice(0, 100).filter((name) => !there.has(name));
      if (missing.length > 0) return wrong(`${missing.join(', ')} is gone`, 'npm run deploy');
      const off = alarms.filter(({ StateValue }) => StateValue === 'ALARM').map(({ AlarmName }) => AlarmName);
      if (off.length > 0) return wrong(`${off.join(', ')} went off`);
      const told = new Set(alarms.flatMap(({ AlarmActions = [] }) => AlarmActions));
      return told.size > 0
        ? ok(
            `${alarms.length}, none of which is off; they tell ${[...told].map((arn) => arn.split(':').at(-1)).join(', ')}`,
          )
        : unknown(
            `${alarms.length}, none of which is off; they tell nobody`,
            'name whom under alarms in extension.config.ts',
          );
    },
  },
  {
    name: 'waiting work',
    remedy: 'see the worker’s log (npm run logs): it fails, or has too little concurrency',
    run: async ({ cloudWatch }, { data, nowMs }) => {
      const oldestMs = await oldestMessageMs(cloudWatch, data.workQueueUrl, nowMs());
      if (oldestMs === undefined) return ok('nothing has waited lately');
      return judged(
        oldestMs > maxWaitingMs ? [`a message waits since ${lasting(oldestMs)}`] : [],
        `${lasting(oldestMs)} at most`,
      );
    },
  },
  {
    name: 'clock of AWS',
    remedy: 'set the clock of this machine by the network: AWS judges signatures by it',
    run: async (_account, { ask, nowMs }) => {
      const answer = await ask(paths.healthz).catch(() => undefined);
      if (answer === undefined) return unknown('health is wrong');
      const date = Date.parse(answer.headers.get('date') ?? '');
      if (Number.isNaN(date)) return unknown('the API sends no date');
      const skewMs = Math.abs(nowMs() - date);
      return judged(
        skewMs > maxSkewMs ? [`${Math.round(skewMs / 1_000)} s from this machine’s`] : [],
        `${Math.round(skewMs / 1_000)} s from this machine’s`,
      );
    },
  },
];

function noneSuch(error: unknown): undefined {
  if ((error as Error).name !== 'ResourceNotFoundException') throw error;
}

/** The longest that a message had waited, in the last quarter of an hour; undefined where the metric says nothing. */
async function oldestMessageMs(
  cloudWatch: Account['cloudWatch'],
  url: string,
  nowMs: number,
): Promise<number | undefined> {
  const { Datapoints: points = [] } = await cloudWatch.send(
    new GetMetricStatisticsCommand({
      Namespace: 'AWS/SQS',
      MetricName: 'ApproximateAgeOfOldestMessage',
      Dimensions: [{ Name: 'QueueName', Value: url.split('/').at(-1) }],
      StartTime: new Date(nowMs - 15 * 60_000),
      EndTime: new Date(nowMs),
      Period: 60,
      Statistics: ['Maximum'],
    }),
  );
  const latest = points.toSorted((a, b) => Number(b.Timestamp) - Number(a.Timestamp))[0];
  return latest?.Maximum === undefined ? undefined : latest.Maximum * 1_000;
}
