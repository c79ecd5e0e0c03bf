import * as v from 'valibot';
import type { EventInput } from './config.ts';
import { scheduleEntries, scheduleExpression, scheduleProblem } from './schedule-expression.ts';

/** A file of the author’s whose export `handler` is called. */
export const handlerFile = v.pipe(
  v.string('must be the path of a file'),
  v.regex(/\.ts$/, 'must be the path of a .ts file'),
);
/** `category/name/type/vN`. */
export const eventKey = v.pipe(
  v.string(),
  v.regex(/^[\w-]+\/[\w-]+\/[\w-]+\/v\d+$/, 'must be category/name/type/vN, such as "company/product/update/v1"'),
);
const providers = ['rest', 'kafka', 'sqs', 'event_bridge', 'pub_sub', 'temporal'] as const;
const anyObject = v.record(v.string(), v.unknown(), 'must be an object');
const eventObject = v.strictObject({
  handler: v.optional(handlerFile),
  provider: v.optional(v.picklist(providers, `must be one of ${providers.join(', ')}`)),
  from: v.optional(v.string('must be text')),
  destination: v.optional(v.pipe(v.string('must be text'), v.nonEmpty('must not be empty'))),
  workflowName: v.optional(v.pipe(v.string('must be text'), v.nonEmpty('must not be empty'))),
  filters: v.optional(anyObject),
  reducer: v.optional(anyObject),
});
/** What the configuration says of one event. */
export const event = v.pipe(
  v.union(
    [
      v.pipe(
        handlerFile,
        v.transform((handler): EventInput => ({ handler })),
      ),
      eventObject,
    ],
    'must be the path of a .ts file, or an object with handler or provider and destination',
  ),
  v.check(
    ({ from }) => from === undefined || /^\d{12}$/.test(from),
    'must have in from the AWS account, twelve digits, that alone may send: what it sends comes with no other proof',
  ),
  v.check(
    ({ provider, from }) => from === undefined || provider === 'sqs' || provider === 'event_bridge',
    'must have from only where its provider is sqs or event_bridge',
  ),
  v.check(
    ({ provider = 'rest', from, handler, destination }) =>
      provider === 'rest'
        ? handler !== undefined && destination === undefined
        : from === undefined
          ? handler === undefined && destination !== undefined
          : handler !== undefined,
    'must have a handler where it comes to this extension (by rest, or from an account), and a destination where it goes elsewhere',
  ),
  v.check(
    ({ provider, workflowName }) => (provider === 'temporal') === (workflowName !== undefined),
    'must have a workflowName where its provider is temporal, and only there',
  ),
);

/** An event as it is registered with the platform: `category/name/type/vN` taken apart. */
export function toEvent([key, given]: [string, v.InferOutput<typeof event>]) {
  const [category = '', name = '', type = '', version = ''] = key.split('/');
  return { category, name, type, version: version.slice('v'.length), ...given, provider: given.provider ?? 'rest' };
}

/** What it says of one schedule, with the expression that EventBridge Scheduler takes. */
export const schedule = v.pipe(
  v.strictObject({ ...scheduleEntries, handler: handlerFile }),
  v.rawCheck(({ dataset, addIssue }) => {
    const message = dataset.typed ? scheduleProblem(dataset.value) : undefined;
    if (message !== undefined) addIssue({ message });
  }),
  v.transform(({ handler, timeZone = 'UTC', ...times }) => ({
    expression: scheduleExpression(times),
    timeZone,
    handler,
  })),
);
