/**
 * Every problem that a request can meet, by its stable code: the HTTP status, a title (RFC 9457 §3.1.3) and what
 * a person can do about it.
 */
export const problems = {
  invalid_request: {
    status: 400,
    title: 'The request is not valid',
    advice: 'Open the extension again from your admin panel.',
  },
  state_mismatch: {
    status: 400,
    title: 'This sign-in could not be matched to your browser',
    advice:
      'It may be too old, used up, or begun in another window. Open the extension again. If this comes back, your browser may be blocking cookies for it.',
  },
  session_required: { status: 401, title: 'Sign-in required', advice: 'Open the extension from your admin panel.' },
  session_expired: { status: 401, title: 'Your session has ended', advice: 'Open the extension again to sign in.' },
  signature_required: {
    status: 401,
    title: 'The request is not signed',
    advice: 'Only the platform makes such requests.',
  },
  signature_expired: {
    status: 400,
    title: 'The signature is too old',
    advice: 'Check the clock of whoever signs.',
  },
  signature_mismatch: {
    status: 403,
    title: 'The signature does not match',
    advice: 'Check that the API secret is the one in the partner panel.',
  },
  access_denied: {
    status: 403,
    title: 'Access was not granted',
    advice: 'Open the extension again and allow access, or ask somebody who may.',
  },
  scopes_missing: {
    status: 403,
    title: 'More permissions are needed to install this extension',
    advice: 'Ask somebody who holds all of them to open the extension once. After that, everybody can use it.',
  },
  tenant_mismatch: {
    status: 403,
    title: 'The request names another company than its session',
    advice: 'Open the extension again from the company that you want to work in.',
  },
  cross_site_request: {
    status: 403,
    title: 'The request came from another site',
    advice: 'Open the extension from your admin panel.',
  },
  route_not_allowed: {
    status: 403,
    title: 'The extension does not allow this call',
    advice: 'Ask the author of the extension.',
  },
  not_found: { status: 404, title: 'There is nothing here', advice: 'Open the extension from your admin panel.' },
  method_not_allowed: {
    status: 405,
    title: 'This address does not take that method',
    advice: 'Open the extension from your admin panel.',
  },
  installation_required: {
    status: 409,
    title: 'The extension is not installed in this company',
    advice: 'Open the extension once from the admin panel of the company.',
  },
  content_too_large: {
    status: 413,
    title: 'The request is too large',
    advice: 'Send less at once.',
  },
  rate_limited: {
    status: 429,
    title: 'The platform is busy',
    advice: 'Try again in a moment.',
  },
  code_refused: {
    status: 502,
    title: 'The platform did not accept the sign-in',
    advice: 'Open the extension again. If this comes back, its author should check the API key and secret.',
  },
  platform_error: {
    status: 502,
    title: 'The platform gave no usable answer',
    advice: 'Try again in a moment.',
  },
  response_too_large: {
    status: 502,
    title: 'The answer of the platform is too large to hand on',
    advice: 'Ask for less at once, for example a smaller page.',
  },
  try_again: {
    status: 503,
    title: 'The extension is busy at the moment',
    advice: 'Try again in a moment.',
  },
  platform_timeout: { status: 504, title: 'The platform did not answer in time', advice: 'Try again in a moment.' },
  internal: { status: 500, title: 'Something went wrong on our side', advice: 'Try again in a moment.' },
} as const;

export type ProblemCode = keyof typeof problems;

interface AppErrorOptions {
  readonly cause?: unknown;
  /** Response headers that belong to the problem, lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Problem members beside the standard ones (RFC 9457 §3.2). */
  readonly members?: Readonly<Record<string, unknown>>;
  /** For how long the platform, which refused, let us wait. Absent: we refused. */
  readonly waitedMs?: number;
}

/** A problem. `detail` is shown to the caller: it names fields, never values, and holds no secret. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ProblemCode;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly members: Readonly<Record<string, unknown>>;
  readonly waitedMs: number;

  constructor(code: ProblemCode, detail: string, options: AppErrorOptions = {}) {
    super(detail, { cause: options.cause });
    this.code = code;
    this.status = problems[code].status;
    this.headers = options.headers ?? {};
    this.members = options.members ?? {};
    this.waitedMs = options.waitedMs ?? 0;
  }

  /** The problem document (RFC 9457) for a program that asked. */
  toProblem(requestId: string): Record<string, unknown> {
    return {
      type: 'about:blank',
      title: problems[this.code].title,
      status: this.status,
      detail: this.message,
      code: this.code,
      request_id: requestId,
      ...this.members,
    };
  }
}
