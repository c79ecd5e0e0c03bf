/** What makes an alarm on one of AWS's own metrics go off. AWS writes them, which no emulator does: they are put. */
export interface Condition {
  /** What has happened then. */
  readonly what: string;
  /** What AWS would write. */
  readonly beyond: number;
  /** What it writes when it is over. */
  readonly within: number;
}

/** By alarm. Those on metrics of ours need none: test/metrics/causes.ts causes each of them. */
export const conditions: Readonly<Record<string, Condition>> = {
  'requests-fail': { what: 'two requests of one minute ended with 5xx', beyond: 2, within: 0 },
  'answers-are-slow': { what: 'a request took nine seconds', beyond: 9_000, within: 300 },
  'functions-are-throttled': { what: 'Lambda refused five visits of a page', beyond: 5, within: 0 },
  'worker-fails': { what: 'the worker ended five times', beyond: 5, within: 0 },
  'dead-letters': { what: 'a message was given up', beyond: 1, within: 0 },
  'background-stands-still': { what: 'no message was finished with', beyond: 0, within: 1 },
  'work-waits': { what: 'a message is 27 hours old', beyond: 97_200, within: 2 },
  'received-dead-letters': { what: 'a received event was given up', beyond: 1, within: 0 },
  'received-events-wait': { what: 'a received event is 16 minutes old', beyond: 960, within: 2 },
};
