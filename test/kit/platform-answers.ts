import { withQuery } from '../../shared/fynd/platform-path.ts';
import { createPlatformClient, type PlatformClient } from '../../shared/platform/platform-client.ts';
import { AppError } from '../../shared/problems.ts';
import { companyTenant, isSameTenant } from '../../shared/tenant.ts';

/** A call of the Platform API that a handler under test made. */
export interface PlatformCallMade {
  readonly method: string;
  /** Relative to `/service/platform/` (`partner/`, `application/`), as handlers write it. */
  readonly path: string;
  /** The last value of each parameter. */
  readonly query: Readonly<Record<string, string>>;
  /** What was sent as JSON; undefined where nothing was. */
  readonly body: unknown;
}

/**
 * What the platform answers, by method and path: `'GET catalog/v2.0/company/{company}/products/'`, where a name in braces
 * stands for any one segment. A value is the JSON of a 200, a `Response` is what it says, a function is told of the call
 * and returns either.
 */
export type PlatformAnswers = Readonly<
  Record<string, object | string | number | null | ((call: PlatformCallMade) => unknown)>
>;

/** Finds the answer to a call. @throws {UnansweredCall} where the test gave none. */
export async function answerOf(
  answers: PlatformAnswers,
  call: PlatformCallMade,
): Promise<{ status: number; headers: Record<string, string>; body: Buffer }> {
  const [, answer] =
    Object.entries(answers).find(([pattern]) => patternOf(pattern).test(`${call.method} ${call.path}`)) ?? [];
  if (answer === undefined) throw new UnansweredCall(call, Object.keys(answers));
  const given: unknown = typeof answer === 'function' ? await answer(call) : answer;
  const response = given instanceof Response ? given.clone() : Response.json(given ?? null);
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: Buffer.from(await response.arrayBuffer()),
  };
}

/** The handler asked for something that the test says nothing about. */
export class UnansweredCall extends Error {
  override readonly name = 'UnansweredCall';

  constructor({ method, path }: PlatformCallMade, answered: readonly string[]) {
    const known = answered.map((each) => `\n  '${each}'`).join('');
    super(
      `The handler asked the platform for '${method} ${path}', which \`platform\` of this test does not answer.` +
        (known === '' ? '' : ` It answers:${known}`),
    );
  }
}

interface ReceivedCall {
  readonly method: string;
  readonly url: string;
  readonly body: Buffer;
}

/** A platform that answers so over HTTP, and remembers what it was asked. */
export function answering(answers: PlatformAnswers): {
  readonly calls: PlatformCallMade[];
  readonly answer: (received: ReceivedCall) => ReturnType<typeof answerOf>;
  /** @throws {UnansweredCall} where there was one, also where the handler caught it. */
  readonly requireAnswered: () => void;
} {
  const calls: PlatformCallMade[] = [];
  let unanswered: UnansweredCall | undefined;
  return {
    calls,
    async answer({ method, url, body }) {
      const call = madeCall(method, url, body);
      calls.push(call);
      try {
        return await answerOf(answers, call);
      } catch (error) {
        if (!(error instanceof UnansweredCall)) throw error;
        unanswered ??= error;
        return { status: 404, headers: {}, body: Buffer.alloc(0) };
      }
    },
    requireAnswered() {
      if (unanswered) throw unanswered;
    },
  };
}

/** A Platform client as background work for this company is given it, that answers so. */
export function platformClient(
  answers: PlatformAnswers,
  company: string,
): PlatformClient & { readonly calls: PlatformCallMade[]; readonly unanswered: UnansweredCall[] } {
  const calls: PlatformCallMade[] = [];
  const unanswered: UnansweredCall[] = [];
  const client = createPlatformClient(company, async ({ method, path, rawQuery, body }) => {
    if (path.tenant !== undefined && !isSameTenant(path.tenant, companyTenant(company))) {
      throw new AppError('tenant_mismatch', 'The path names another company than the one that this work is for.');
    }
    const call = madeCall(method, withQuery(path.target, rawQuery), body);
    calls.push(call);
    return await answerOf(answers, call).catch((error: unknown) => {
      if (error instanceof UnansweredCall) unanswered.push(error);
      throw error;
    });
  });
  return Object.assign(client, { calls, unanswered });
}

/** A call as it arrives at the platform. */
function madeCall(method: string, url: string, body: Uint8Array | undefined): PlatformCallMade {
  const { pathname, searchParams } = new URL(url, 'http://platform');
  const text = Buffer.from(body ?? []).toString('utf8');
  return {
    method,
    path: pathname
      .replace(/^\/service\/\w+\//, '')
      .split('/')
      .map(decodeURIComponent)
      .join('/'),
    query: Object.fromEntries(searchParams),
    body: text === '' ? undefined : (JSON.parse(text) as unknown),
  };
}

function patternOf(pattern: string): RegExp {
  const parts = pattern.split(/\{\w+\}/).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join('[^/]+')}$`);
}
