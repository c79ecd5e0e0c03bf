import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { metricNamespace } from '../../shared/metrics.ts';
import { conditions } from '../aws/alarm-conditions.ts';
import { ofType, receivingSample, sample, single, synthesizedStack, target } from './synthesized-stack.ts';

interface AlarmProperties {
  readonly AlarmName: string;
  readonly Namespace: string;
  readonly AlarmDescription: string;
  readonly AlarmActions?: readonly unknown[];
  readonly OKActions?: readonly unknown[];
  readonly TreatMissingData: string;
  readonly Period: number;
  readonly EvaluationPeriods: number;
  readonly Metrics?: unknown;
}

const { resources, stack } = synthesizedStack({ extension: receivingSample });
const alarms = alarmsOf(resources);

function alarmsOf(of: typeof resources): AlarmProperties[] {
  return [...ofType(of, 'AWS::CloudWatch::Alarm').values()].map(
    ({ Properties }) => Properties as unknown as AlarmProperties,
  );
}

/** What follows a heading of the runbook, by its anchor, up to the next heading of its rank. */
function runbookSections(): Map<string, string> {
  const sections = readFileSync('docs/runbook.md', 'utf8').split(/^## /m).slice(1);
  return new Map(
    sections.map((section) => {
      const [heading = '', ...rest] = section.split('\n');
      const anchor = heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-');
      return [anchor, rest.join('\n')];
    }),
  );
}

const pageOf = ({ AlarmDescription }: AlarmProperties) =>
  /What to do: docs\/runbook\.md#(\S+)$/.exec(AlarmDescription)?.[1];

describe('alarms', () => {
  test('say what people see, why now, and which page of the runbook mends it', () => {
    expect(alarms.length).toBeGreaterThan(5);
    for (const alarm of alarms) {
      expect(alarm.AlarmDescription).toMatch(
        /^[A-Z][^\n]+[.]\n\nWhy now: [^\n]+[.]\n\nWhat to do: docs\/runbook\.md#[a-z-]+$/,
      );
    }
  });

  test('lead to a page that says what users see, what to look at, what to run, and when to wake somebody', () => {
    const sections = runbookSections();
    for (const alarm of alarms) {
      const section = sections.get(pageOf(alarm) ?? '');
      expect(section, alarm.AlarmName).toBeDefined();
      const labels = [...(section ?? '').matchAll(/^\*\*([^*]+)\.\*\*/gm)].map(([, label]) => label);
      expect(labels, pageOf(alarm)).toEqual(['Users see', 'Look at', 'Run', 'Wake somebody']);
    }
  });

  test('are all in the table at the head of the runbook, and nothing else is', () => {
    const table = [
      ...readFileSync('docs/runbook.md', 'utf8').matchAll(/^\| `([a-z-]+)` \| .* \[[^\]]+\]\(#([a-z-]+)\) \|$/gm),
    ];
    const documented = Object.fromEntries(table.map(([, name, anchor]) => [name, anchor]));
    const prefix = `${stack.stackName}-`;
    expect(documented).toEqual(
      Object.fromEntries(alarms.map((alarm) => [alarm.AlarmName.slice(prefix.length), pageOf(alarm)])),
    );
  });

  test('are each proven in the emulator: by a metric of ours, which is caused, or by a condition of AWS’s', () => {
    const ofAws = alarms.filter(({ Namespace }) => Namespace !== metricNamespace);
    const names = ofAws.map(({ AlarmName }) => AlarmName.slice(`${stack.stackName}-`.length));
    expect(Object.keys(conditions).toSorted()).toEqual(names.toSorted());
  });

  test('have names that begin with the stack’s, so that an e-mail tells which one', () => {
    for (const { AlarmName } of alarms) expect(AlarmName).toMatch(new RegExp(`^${stack.stackName}-[a-z-]+$`));
    expect(new Set(alarms.map(({ AlarmName }) => AlarmName)).size).toBe(alarms.length);
  });

  test('do no arithmetic, say what missing data means, and look back a day at most', () => {
    for (const alarm of alarms) {
      expect(alarm.Metrics).toBeUndefined();
      expect(alarm.TreatMissingData).toMatch(/^(notBreaching|breaching)$/);
      expect(alarm.Period * alarm.EvaluationPeriods).toBeLessThanOrEqual(86_400);
    }
  });

  test('look only at what is this stack’s own', () => {
    for (const { Properties } of ofType(resources, 'AWS::CloudWatch::Alarm').values()) {
      const dimensions = Properties['Dimensions'] as { Name: string; Value: unknown }[] | undefined;
      expect(dimensions, JSON.stringify(Properties)).toHaveLength(1);
    }
  });

  test('that stand for no data count it as a failure only where there is always some', () => {
    const breaching = alarms.filter(({ TreatMissingData }) => TreatMissingData === 'breaching');
    expect(breaching.map(({ AlarmName }) => AlarmName)).toEqual([`${stack.stackName}-background-stands-still`]);
  });

  test('of failed requests goes off by as many a minute as the configuration says', () => {
    const thresholdOf = (of: typeof resources) =>
      ofType(of, 'AWS::CloudWatch::Alarm').get('Alarmsrequestsfail')?.Properties['Threshold'];
    const busy = synthesizedStack({ extension: { ...sample, alarms: { failuresPerMinute: 50 } } }).resources;
    expect([thresholdOf(resources), thresholdOf(busy)]).toEqual([2, 50]);
  });

  test('of received events are there only where another account sends some', () => {
    const without = alarmsOf(synthesizedStack().resources).map(({ AlarmName }) => AlarmName);
    expect(without.filter((name) => name.includes('received'))).toEqual([]);
    expect(without.length).toBe(alarms.length - 2);
  });

  test('that take a deployment back are those that a new version can set off at once', () => {
    const names = stack.alarms.forRollback.map((alarm) => stack.resolve(alarm.alarmName) as { Ref: string });
    expect(names.map(({ Ref }) => target({ Ref }).replace(/^Alarms/, ''))).toEqual([
      'signinsfail',
      'requestsfail',
      'workerfails',
    ]);
  });
});

describe('whom alarms tell', () => {
  test('is nobody by default', () => {
    for (const alarm of alarms) expect([alarm.AlarmActions, alarm.OKActions]).toEqual([undefined, undefined]);
    expect(ofType(resources, 'AWS::SNS::Topic').size).toBe(0);
  });

  test('is an address, through an encrypted topic that CloudWatch alone may publish to, when it goes off and when it is over', () => {
    const told = synthesizedStack({ extension: { ...sample, alarms: { email: 'night@example.com' } } }).resources;
    expect(single(told, 'AWS::SNS::Subscription').Properties).toMatchObject({
      Protocol: 'email',
      Endpoint: 'night@example.com',
    });
    expect(target(single(told, 'AWS::SNS::Topic').Properties['KmsMasterKeyId'])).toBe('AlarmsKey');
    for (const alarm of alarmsOf(told)) {
      expect(alarm.AlarmActions?.map(target)).toEqual(['AlarmsTopic']);
      expect(alarm.OKActions?.map(target)).toEqual(['AlarmsTopic']);
    }
    const { PolicyDocument } = single(told, 'AWS::SNS::TopicPolicy').Properties as {
      PolicyDocument: { Statement: { Effect: string; Principal: unknown; Action: unknown; Condition: unknown }[] };
    };
    expect(
      PolicyDocument.Statement.map(({ Effect, Principal, Action, Condition }) => [
        Effect,
        Principal,
        Action,
        Condition,
      ]),
    ).toEqual([
      ['Deny', '*', 'sns:Publish', { Bool: { 'aws:SecureTransport': 'false' } }],
      [
        'Allow',
        { Service: 'cloudwatch.amazonaws.com' },
        'sns:Publish',
        { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
      ],
    ]);
  });

  test('is a topic that the configuration names, as it is', () => {
    const topic = 'arn:aws:sns:ap-south-1:123456789012:on-call';
    const told = synthesizedStack({ extension: { ...sample, alarms: { topic } } }).resources;
    for (const alarm of alarmsOf(told)) expect([alarm.AlarmActions, alarm.OKActions]).toEqual([[topic], [topic]]);
    expect(ofType(told, 'AWS::SNS::Topic').size).toBe(0);
  });

  test('is led to the runbook where the configuration says that it is', () => {
    const runbook = 'https://git.example.com/lens/blob/main/docs/runbook.md';
    const told = synthesizedStack({ extension: { ...sample, alarms: { runbook } } }).resources;
    for (const { AlarmDescription } of alarmsOf(told)) expect(AlarmDescription).toContain(`What to do: ${runbook}#`);
  });
});
