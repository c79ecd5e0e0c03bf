import * as v from 'valibot';
import { parseOrigin } from './config.ts';

/** How long CloudWatch keeps lines: what its API takes, but for more than two years. */
const logRetentionDays = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731] as const;

/** A part of the stack's name: without hyphens, so that no two extensions' stages are one name. */
const stageName = v.pipe(
  v.string(),
  v.regex(/^[a-z][a-z0-9]{0,15}$/, 'must have a name of at most 16 small letters and digits, such as "prod"'),
);

export const originSchema = v.pipe(
  v.string('must be an origin such as "https://api.fynd.com"'),
  v.rawTransform(({ dataset: { value }, addIssue, NEVER }) => {
    const parsed = parseOrigin(value);
    if (parsed !== undefined) return parsed;
    addIssue({
      message: 'must be an https origin without a path, such as "https://api.fynd.com" (http only for loopback)',
    });
    return NEVER;
  }),
);

export const regionOfCluster = v.pipe(
  v.string('must be text'),
  v.regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be the name of a region, such as "asia-south1"'),
);

export const panelOrigins = v.pipe(
  v.array(originSchema, 'must be a list of origins'),
  v.nonEmpty('must name at least one origin'),
);

const wholeNumber = (least: number, most: number) =>
  v.pipe(
    v.number('must be a number'),
    v.integer('must be a whole number'),
    v.minValue(least, `must be at least ${least}`),
    v.maxValue(most, `must be at most ${most}`),
  );

/** How many events, hooks and scheduled jobs are handled at once: what a queue of AWS's takes as its most. */
export const workerConcurrency = wholeNumber(2, 1_000);

/** Whom alarms tell. */
export const alarms = v.strictObject({
  email: v.optional(v.pipe(v.string('must be text'), v.email('must be an email address'))),
  topic: v.optional(
    v.pipe(
      v.string('must be text'),
      v.regex(/^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]+$/, 'must be the ARN of an SNS topic'),
    ),
  ),
  runbook: v.optional(
    v.pipe(
      v.string('must be text'),
      v.regex(/^https:\/\/[^\s#]+$/, 'must be an address that begins with https://, without a "#"'),
      v.maxLength(200, 'must have at most 200 characters'),
    ),
  ),
  failuresPerMinute: v.optional(wholeNumber(1, 1_000_000)),
});

const domain = v.strictObject({
  name: v.pipe(
    v.string('must be text'),
    v.regex(
      /^(?=.{1,253}$)(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.)+[a-z][a-z\d-]*[a-z\d]$/,
      'must be a domain in small letters, such as "lens.example.com"',
    ),
  ),
  certificateArn: v.pipe(
    v.string('must be text'),
    v.regex(
      /^arn:aws[\w-]*:acm:[a-z\d-]+:\d{12}:certificate\/[\w-]+$/,
      'must be the ARN of a certificate of AWS Certificate Manager',
    ),
  ),
});

const stage = v.pipe(
  v.strictObject({
    account: v.optional(
      v.pipe(v.string('must be text'), v.regex(/^\d{12}$/, 'must be the twelve digits of an AWS account')),
    ),
    region: v.optional(
      v.pipe(
        v.string('must be text'),
        v.regex(/^[a-z]{2,}(-[a-z]+)+-\d+$/, 'must be a region of AWS, such as "ap-south-1"'),
      ),
    ),
    stackName: v.optional(
      v.pipe(
        v.string('must be text'),
        v.regex(
          /^[A-Za-z][A-Za-z0-9-]{0,59}$/,
          'must begin with a letter and have at most 60 letters, digits and hyphens',
        ),
      ),
    ),
    baseUrl: v.optional(originSchema),
    domain: v.optional(domain),
    edge: v.optional(v.boolean('must be true or false')),
    alarms: v.optional(alarms),
    cluster: v.optional(originSchema),
    clusterRegion: v.optional(regionOfCluster),
    adminOrigins: v.optional(panelOrigins),
    protected: v.optional(v.boolean('must be true or false'), true),
    logRetentionDays: v.optional(
      v.picklist(logRetentionDays, `must be one of ${logRetentionDays.join(', ')}: CloudWatch takes no others`),
    ),
    logLevel: v.optional(v.picklist(['info', 'error'], 'must be "info" or "error"'), 'info'),
    concurrency: v.optional(
      v.strictObject({
        worker: v.optional(workerConcurrency),
        reserved: v.optional(v.record(v.string(), wholeNumber(1, 100_000)), {}),
      }),
      {},
    ),
    gradual: v.optional(
      v.pipe(
        v.union(
          [
            v.boolean(),
            v.strictObject({
              percent: v.optional(wholeNumber(1, 99), 10),
              minutes: v.optional(wholeNumber(1, 2_880), 5),
            }),
          ],
          'must be true, false, or an object such as { percent: 10, minutes: 5 } with 1 to 99 percent and 1 to 2880 minutes',
        ),
        v.transform((given) => (given === true ? { percent: 10, minutes: 5 } : given || undefined)),
      ),
    ),
  }),
  v.forward(
    v.check(
      ({ baseUrl, domain }) => baseUrl === undefined || domain === undefined || baseUrl === `https://${domain.name}`,
      'must be the address of domain, or missing: an extension has one origin',
    ),
    ['baseUrl'],
  ),
  v.forward(
    v.check(
      ({ cluster, clusterRegion }) => clusterRegion === undefined || cluster !== undefined,
      'must have cluster beside it',
    ),
    ['clusterRegion'],
  ),
  v.forward(
    v.check(({ domain, account }) => {
      const [, of = account] = /^arn:[\w-]+:acm:[a-z\d-]+:(\d{12}):/.exec(domain?.certificateArn ?? '') ?? [];
      return account === undefined || of === account;
    }, 'must have a certificate of the stage’s own account'),
    ['domain'],
  ),
);

/** Where and how the extension is deployed, more than once. */
export const stages = v.pipe(
  v.record(stageName, stage, 'must be an object such as { prod: {}, test: { protected: false } }'),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const named = Object.entries(dataset.value);
    for (const field of ['stackName', 'baseUrl'] as const) {
      const twice = named.find(
        ([name, given]) =>
          given[field] !== undefined && named.some(([other, its]) => other !== name && its[field] === given[field]),
      );
      if (twice !== undefined) addIssue({ message: `must not have the ${field} ${twice[1][field]} twice` });
    }
  }),
);
