import type {
  BackgroundContext,
  EventContext,
  EventHandler,
  HookContext,
  HookHandler,
  LaunchContext,
  LaunchHandler,
  ScheduleHandler,
} from '../../shared/background/handlers.ts';
import { testSession } from '../shared/fixture/extension.ts';
import { giveOwnValues, type OwnValues } from './own-values.ts';
import { ownConfiguration } from './own-world.ts';
import { type PlatformAnswers, type PlatformCallMade, platformClient } from './platform-answers.ts';

/** For whom background work runs. Default: company 1, and a platform that answers nothing. */
export interface BackgroundGiven extends OwnValues {
  /** The company's id. Default `1`. */
  readonly company?: string;
  /** What the platform answers to what the handler asks it. */
  readonly platform?: PlatformAnswers;
}

/** What the handler did. */
export interface BackgroundOutcome {
  /** What it asked the platform for, in order. */
  readonly calls: readonly PlatformCallMade[];
  /** What it logged, in order. */
  readonly logged: readonly { readonly message: string; readonly fields: Readonly<Record<string, unknown>> }[];
}

/**
 * Runs a handler made by `event(…)`.
 * @throws what the handler throws, which would deliver the event again, and {UnansweredCall}.
 */
export function testEvent(
  handler: EventHandler,
  given: BackgroundGiven & {
    /** Default: an empty object. */
    readonly payload?: unknown;
    /** The sales channels that it concerns. Default: none. */
    readonly applications?: readonly string[];
    readonly event?: Partial<EventContext['event']>;
  } = {},
): Promise<BackgroundOutcome> {
  const { payload = {}, applications = [], event } = given;
  return work(given, (context) =>
    handler({
      ...context,
      payload,
      applications,
      event: {
        category: 'company',
        name: 'product',
        type: 'update',
        version: '1',
        id: 'event-1',
        createdAtMs: Date.now(),
        traceIds: [],
        ...event,
      },
    }),
  );
}

/** Runs a handler made by `schedule(…)`, for one company. @throws what the handler throws, and {UnansweredCall}. */
export function testSchedule(
  handler: ScheduleHandler,
  given: BackgroundGiven & {
    /** The schedule's name. Default `nightly`. */
    readonly schedule?: string;
    /** The same for every company of one run. Default `run-1`. */
    readonly run?: string;
  } = {},
): Promise<BackgroundOutcome> {
  const { schedule = 'nightly', run = 'run-1' } = given;
  return work(given, (context) => handler({ ...context, schedule, run }));
}

/**
 * Runs a handler made by `hook(…)`, as after an installation; with `uninstalled: true` as after an uninstall, when there
 * is neither a platform nor a scope any more.
 * @throws what the handler throws, and {UnansweredCall}.
 */
export function testHook(
  handler: HookHandler,
  given: BackgroundGiven &
    Partial<Pick<HookContext, 'generation' | 'scopes'>> & { readonly uninstalled?: boolean } = {},
): Promise<BackgroundOutcome> {
  const { generation = 1, uninstalled = false } = given;
  return work(given, async ({ company, platform, log }) => {
    const scopes = given.scopes ?? (uninstalled ? [] : (await ownConfiguration()).scopes);
    await handler({
      company,
      log,
      generation,
      scopes,
      platform: uninstalled ? undefined : platform,
      confirmedBy: uninstalled ? 'platform' : undefined,
    });
  });
}

/** Runs a handler made by `launch(…)`. @returns the path that it chose, undefined where it chose none. */
export async function testLaunch(
  handler: LaunchHandler,
  { settings = {}, secrets = {}, ...given }: Partial<LaunchContext> & OwnValues = {},
): Promise<string | undefined> {
  const { scopes } = await ownConfiguration();
  await giveOwnValues({ settings, secrets });
  return await handler({ company: '1', claimedApplication: undefined, user: testSession().user, scopes, ...given });
}

async function work(
  { company = '1', platform = {}, ...own }: BackgroundGiven,
  handle: (context: BackgroundContext) => Promise<void>,
): Promise<BackgroundOutcome> {
  await giveOwnValues(own);
  const client = platformClient(platform, company);
  const logged: { message: string; fields: Readonly<Record<string, unknown>> }[] = [];
  await handle({ company, platform: client, log: (message, fields = {}) => void logged.push({ message, fields }) });
  const [unanswered] = client.unanswered;
  // Even where the handler caught it: the test has not said what it is about.
  if (unanswered) throw unanswered;
  return { calls: client.calls, logged };
}
