import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { logQueries } from '../../infra/log-queries.ts';
import { metricDimension, metricNamespace, metrics } from '../../shared/metrics.ts';
import { receivingSample, single, synthesizedStack, target } from './synthesized-stack.ts';

interface Widget {
  readonly type: 'text' | 'metric' | 'log' | 'alarm';
  readonly y: number;
  readonly properties: {
    readonly markdown?: string;
    readonly title?: string;
    readonly metrics?: readonly (readonly unknown[])[];
    readonly query?: string;
    readonly alarms?: readonly string[];
  };
}

/** What AWS's services write, by namespace; the dimensions by which they do, of which none means the whole account. */
const ofAws: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'AWS/ApiGateway': { Count: 'ApiId', '4xx': 'ApiId', '5xx': 'ApiId', Latency: 'ApiId' },
  'AWS/Lambda': { Errors: 'FunctionName', Throttles: 'FunctionName', ConcurrentExecutions: '' },
  'AWS/SQS': {
    ApproximateNumberOfMessagesVisible: 'QueueName',
    ApproximateAgeOfOldestMessage: 'QueueName',
    NumberOfMessagesDeleted: 'QueueName',
  },
  'AWS/DynamoDB': { ReadThrottleEvents: 'TableName', WriteThrottleEvents: 'TableName' },
};

const { resources, stack } = synthesizedStack({ extension: receivingSample });
const widgets = widgetsOf(resources);
const texts = (of: readonly Widget[]) => of.flatMap(({ properties }) => properties.markdown ?? []);

function widgetsOf(of: typeof resources): Widget[] {
  const body = target(single(of, 'AWS::CloudWatch::Dashboard').Properties['DashboardBody']);
  return (JSON.parse(body) as { widgets: Widget[] }).widgets;
}

describe('the dashboard', () => {
  test('asks what a night shift asks, in its order, and says what is normal and where else to look', () => {
    const questions = texts(widgets).slice(1);
    expect(questions.map((markdown) => /^## (.+)/.exec(markdown)?.[1])).toEqual([
      'Can people get in?',
      'Do pages answer?',
      'Does the platform answer?',
      'Are webhooks handled?',
      'Are grants alive?',
      'Is a limit near?',
    ]);
    for (const markdown of questions) expect(markdown).toMatch(/\*\*Normal:\*\* .+\. \*\*Otherwise:\*\* \w+/);
    const rows = widgets.map(({ y }) => y);
    expect(rows).toEqual(rows.toSorted((one, other) => one - other));
  });

  test('begins with every alarm', () => {
    const shown = widgets.find(({ type }) => type === 'alarm')?.properties.alarms ?? [];
    expect(shown).toHaveLength(stack.alarms.all.length);
    expect(widgets.findIndex(({ type }) => type === 'alarm')).toBe(1);
  });

  test('names metrics only that there are, by the dimension under which they are written', () => {
    const named = widgets.flatMap(({ properties }) => (properties.metrics ?? []) as [string, string, ...unknown[]][]);
    expect(named.length).toBeGreaterThan(40);
    for (const [namespace, name, ...rest] of named) {
      const [dimension = ''] = rest.filter((each) => typeof each === 'string');
      if (namespace === metricNamespace) {
        expect(Object.keys(metrics)).toContain(name);
        expect(rest.slice(0, 2)).toEqual([metricDimension, stack.stackName]);
      } else {
        expect([namespace, name, dimension]).toEqual([namespace, name, ofAws[namespace]?.[name]]);
      }
    }
  });

  test('shows every metric of ours that an alarm looks at', () => {
    const shown = new Set(widgets.flatMap(({ properties }) => (properties.metrics ?? []).map(([, name]) => name)));
    const watched = Object.values(resources).flatMap(({ Type, Properties }) =>
      Type === 'AWS::CloudWatch::Alarm' && Properties['Namespace'] === metricNamespace
        ? [Properties['MetricName']]
        : [],
    );
    expect(watched.length).toBeGreaterThan(8);
    expect(watched.filter((name) => !shown.has(name))).toEqual([]);
  });

  test('has the saved queries, over the logs of every function, and names each as the command does', () => {
    const logs = widgets.filter(({ type }) => type === 'log');
    expect(logs).toHaveLength(6);
    for (const { properties } of logs) {
      const [, name = ''] = /\(npm run logs -- --query ([\w-]+)\)$/.exec(properties.title ?? '') ?? [];
      expect(Object.keys(logQueries)).toContain(name);
      expect(properties.query).toMatch(/^SOURCE 'InstallLog' \| .*SOURCE 'WorkerLog'.*\| fields @timestamp, /s);
    }
  });

  test('leads to sections of the runbook that there are, as links where it is at an address', () => {
    const runbook = 'https://git.example.com/lens/blob/main/docs/runbook.md';
    const linked = texts(
      widgetsOf(synthesizedStack({ extension: { ...receivingSample, alarms: { runbook } } }).resources),
    );
    const anchors = linked.flatMap((markdown) =>
      [...markdown.matchAll(/runbook\.md#([a-z-]+)\)/g)].map(([, anchor]) => anchor),
    );
    const headings = [...readFileSync('docs/runbook.md', 'utf8').matchAll(/^## (.+)$/gm)].map(([, heading = '']) =>
      heading.toLowerCase().replaceAll(' ', '-'),
    );
    expect(anchors.length).toBeGreaterThan(10);
    expect(anchors.filter((anchor) => !headings.includes(anchor ?? ''))).toEqual([]);
    expect(texts(widgets).join('\n')).not.toContain('](docs/');
  });
});
