import { Stack } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  Dashboard as CloudWatchDashboard,
  GraphWidget,
  type IAlarm,
  type IWidget,
  LogQueryWidget,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { insightsOf, type LogQuery } from '../log-queries.ts';
import { metricOf, type WatchedMetric } from './metric.ts';

/** One question that a night shift asks, and what answers it. */
export interface DashboardRow<Page extends string = string> {
  readonly question: string;
  /** What is normal: sentences. */
  readonly normal: string;
  /** The sections of docs/runbook.md for what is not. */
  readonly pages: readonly Page[];
  readonly graphs: readonly { readonly title: string; readonly metrics: readonly WatchedMetric[] }[];
  /** The lines behind it: a saved query, with its name. */
  readonly query: readonly [name: string, query: LogQuery] | undefined;
}

const wholeWidth = 24;
const textHeight = 3;
const height = 6;

/** A dashboard whose rows are questions, each with what is normal, graphs, and the lines of the log behind them. */
export class Dashboard extends Construct {
  /** Where it is in the console. */
  readonly url: string;

  constructor(
    scope: Construct,
    id: string,
    options: {
      readonly rows: readonly DashboardRow[];
      readonly alarms: readonly IAlarm[];
      readonly logGroupNames: readonly string[];
      /** Where the runbook is. */
      readonly runbook: string;
    },
  ) {
    super(scope, id);
    const { stackName, region } = Stack.of(this);
    // Dashboards of an account share their names over all regions.
    const dashboardName = `${stackName}-${region}`;
    const { rows, alarms, logGroupNames, runbook } = options;
    void new CloudWatchDashboard(this, 'Dashboard', {
      dashboardName,
      widgets: [
        [
          text(
            `# ${stackName}\nWhat alarms mean, and what to run: ${linkTo(runbook)}. Logs in words: \`npm run logs\`.`,
          ),
        ],
        [new AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms], width: wholeWidth, height: 4 })],
        ...rows.flatMap((row) => widgetsOf(row, logGroupNames, runbook)),
      ],
    });
    this.url = `https://${region}.console.aws.amazon.com/cloudwatch/home?region=${region}#dashboards/dashboard/${dashboardName}`;
  }
}

function widgetsOf(
  { question, normal, pages, graphs, query }: DashboardRow,
  logGroupNames: readonly string[],
  runbook: string,
): IWidget[][] {
  const links = pages.map((page) => linkTo(`${runbook}#${page}`, page.replaceAll('-', ' '))).join(', ');
  const width = wholeWidth / graphs.length;
  return [
    [text(`## ${question}\n**Normal:** ${normal} **Otherwise:** ${links}`)],
    graphs.map(({ title, metrics }) => {
      const left = metrics.map((metric) => metricOf(metric, labelOf(metric, metrics)));
      return new GraphWidget({ title, left, width, height, leftYAxis: { min: 0 } });
    }),
    ...(query === undefined
      ? []
      : [
          [
            new LogQueryWidget({
              title: `${query[1].question} (npm run logs -- --query ${query[0]})`,
              logGroupNames: [...logGroupNames],
              queryString: insightsOf(query[1]),
              width: wholeWidth,
              height,
            }),
          ],
        ]),
  ];
}

/** The metric's name; with its statistic where there are several of it. */
function labelOf({ name, statistic, dimensions }: WatchedMetric, among: readonly WatchedMetric[]): string {
  const same = among.filter((other) => other.name === name);
  if (same.length === 1) return name;
  const isOneSource = same.every(
    (other) => Object.values(other.dimensions).join() === Object.values(dimensions).join(),
  );
  return isOneSource ? `${name} ${statistic}` : `${name} ${Object.values(dimensions).join(' ')}`;
}

/** Only an address can be followed from the console. */
function linkTo(address: string, words = address): string {
  return address.startsWith('https://') ? `[${words}](${address})` : words === address ? `\`${address}\`` : words;
}

function text(markdown: string): TextWidget {
  return new TextWidget({ markdown, width: wholeWidth, height: textHeight });
}
