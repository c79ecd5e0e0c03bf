/**
 * Every problem that a request can meet, by its stable code: the HTTP status and a title (RFC 9457 §3.1.3). What
 * pages say about it besides, and in other languages, is in functions/runtime/http/page-texts.ts.
 */
export const problems = {
  invalid_request: { status: 400, title: 'The request is not valid' },
  state_mismatch: { status: 400, title: 'This sign-in could not be matched to your browser' },
  session_required: { status: 401, title: 'Sign-in required' },
  session_expired: { status: 401, title: 'Your session has ended' },
  signature_required: { status: 401, title: 'The request is not signed' },
  signature_expired: { status: 400, title: 'The signature is too old' },
  signature_mismatch: { status: 403, title: 'The signature does not match' },
  access_denied: { status: 403, title: 'Access was not granted' },
  scopes_missing: { status: 403, title: 'More permissions are needed to install this extension' },
  tenant_mismatch: { status: 403, title: 'The request names another company than its session' },
  cross_site_request: { status: 403, title: 'The request came from another site' },
  route_not_allowed: { status: 403, title: 'The extension does not allow this call' },
  not_found: { status: 404, title: 'There is nothing here' },
  method_not_allowed: { status: 405, title: 'This address does not take that method' },
  installation_required: { status: 409, title: 'The extension is not installed in this company' },
  content_too_large: { status: 413, title: 'The request is too large' },
  rate_limited: { status: 429, title: 'Too many requests' },
  code_refused: { status: 502, title: 'The platform did not accept the sign-in' },
  platform_error: { status: 502, title: 'The platform gave no usable answer' },
  response_too_large: { status: 502, title: 'The answer of the platform is too large to hand on' },
  try_again: { status: 503, title: 'The extension is busy at the moment' },
  platform_timeout: { status: 504, title: 'The platform did not answer in time' },
  internal: { status: 500, title: 'Something went wrong on our side' },
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
