import * as v from 'valibot';

const minutesIn = { minute: 1, hour: 60, day: 1_440 } as const;

const every = v.pipe(
  v.string('must be text such as "1 day"'),
  v.regex(/^[1-9]\d{0,3} (minute|hour|day)s?$/, 'must be a number of minutes, hours or days, such as "1 day"'),
);
const at = v.pipe(
  v.string('must be text such as "02:30"'),
  v.regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of the day, such as "02:30"'),
);
/** https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based */
const cron = v.pipe(
  v.string('must be text such as "0 9 ? * MON-FRI *"'),
  v.check((text) => {
    const fields = text.split(' ');
    const isShaped = fields.length === 6 && fields.every((field) => /^[\dA-Z*?,/#-]+$/.test(field));
    return isShaped && (fields[2] === '?') !== (fields[4] === '?');
  }, 'must be minutes, hours, day of the month, month, day of the week and year, one of the days a "?", such as "0 9 ? * MON-FRI *"'),
);
const timeZone = v.pipe(
  v.string('must be text such as "Asia/Kolkata"'),
  v.check(isTimeZone, 'must be the name of a time zone, such as "Asia/Kolkata"'),
);

/** What authors may write about when a schedule runs: one of `every`, `at` and `cron`. */
export const scheduleEntries = {
  every: v.optional(every),
  at: v.optional(at),
  cron: v.optional(cron),
  timeZone: v.optional(timeZone),
};

type Times = v.InferOutput<v.StrictObjectSchema<typeof scheduleEntries, undefined>>;

/** What is wrong with a schedule as a whole, as the end of a sentence; undefined where nothing is. */
export function scheduleProblem({ every, at, cron, timeZone }: Times): string | undefined {
  if ([every, at, cron].filter((each) => each !== undefined).length !== 1) return 'must have one of every, at and cron';
  if (at !== undefined && timeZone === undefined) return 'must have a timeZone with at, such as "Asia/Kolkata"';
  if (every !== undefined && timeZone !== undefined) return 'must have a timeZone only with at or cron';
  return undefined;
}

/**
 * The expression of EventBridge Scheduler, in the given time zone or UTC.
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
 */
export function scheduleExpression({ every = '', at, cron }: Times): string {
  if (cron !== undefined) return `cron(${cron})`;
  if (at === undefined) return everyExpression(every);
  const [hour, minute] = at.split(':').map(Number);
  return `cron(${minute} ${hour} * * ? *)`;
}

/**
 * By the clock where that has such an interval: a rate begins as soon as it is deployed. What divides neither an hour nor a
 * day remains one.
 */
function everyExpression(every: string): string {
  const [count, unit = ''] = every.split(' ');
  const minutes = Number(count) * minutesIn[unit.replace(/s$/, '') as keyof typeof minutesIn];
  const step = (size: number) => (size === 1 ? '*' : `0/${size}`);
  if (minutes < 60 && 60 % minutes === 0) return `cron(${step(minutes)} * * * ? *)`;
  if (minutes === 1_440) return 'cron(0 0 * * ? *)';
  if (minutes < 1_440 && 1_440 % minutes === 0 && minutes % 60 === 0) return `cron(0 ${step(minutes / 60)} * * ? *)`;
  return `rate(${minutes} minutes)`;
}

/** Spelled as the scheduler takes it: JavaScript does not mind the case, and takes offsets as well. */
function isTimeZone(name: string): boolean {
  try {
    return /^[A-Z]/.test(name) && new Intl.DateTimeFormat('en', { timeZone: name }).format() !== '';
  } catch {
    return false;
  }
}
