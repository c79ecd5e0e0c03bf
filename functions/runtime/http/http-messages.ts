import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import type { ProblemCode } from '../../../shared/problems.ts';
import type { Cookies } from '../../../shared/session/cookies.ts';
import type { Tenant } from '../../../shared/tenant.ts';
import type { PageTexts } from './page-texts.ts';

/** A part of a page, as HTML. Its scripts carry the nonce. */
export type WayOut = (nonce: string, texts: PageTexts) => string;

/** A request as the functions see it, whichever front door it came through. */
export interface HttpRequest {
  readonly method: string;
  /** As the gateway gives it: already decoded on AWS. */
  readonly rawPath: string;
  /** Decoded by the gateway. */
  readonly pathParameters: Readonly<Record<string, string | undefined>>;
  /** Exactly as it was sent, without the question mark. */
  readonly rawQuery: string;
  readonly query: URLSearchParams;
  /** Lower-case names; repeats joined by commas; without cookies. */
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: Cookies;
  /** The bytes of the body; undefined where there is none. */
  readonly body: Buffer | undefined;
  readonly requestId: string;
  /** When it came, on this process's own clock: milliseconds. */
  readonly receivedAtMs: number;
  /** A person is looking at the response. */
  readonly isNavigation: boolean;
  /** What Lambda was called with, cookies and `Authorization` included: for nobody but `withoutCredentials`. */
  readonly invocation: { readonly event: APIGatewayProxyEventV2; readonly context: Context | undefined };
  /** Whom it is about, for the log: set as soon as that is known, be it proven or not. */
  tenant?: Tenant;
  /** Where a person begins to sign in again: set as soon as the company is known, offered by problems. */
  retryPath?: string;
  /** What a problem's page offers besides: set by a route that knows a way out. */
  waysOut?: Partial<Record<ProblemCode, WayOut>>;
  /** The response depends on who is signed in. */
  isPersonal?: boolean;
  /** The session cookie that this request goes by, if it goes by one: set as soon as the company is known. */
  sessionCookie?: string;
}

export interface HttpResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
  /** `Set-Cookie` values of the author's, beside those that the request's own cookies ask for. */
  readonly setCookies?: readonly string[];
  /** Text, or bytes that are sent as they are. */
  readonly body?: string | Buffer;
  /** For the log: something that failed without changing the response, and what became of the request. */
  readonly warning?: string | undefined;
  readonly outcome?: string | undefined;
  /** For the log: what was thrown, where the response is made of it. */
  readonly error?: unknown;
}
