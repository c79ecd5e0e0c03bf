// @ts-check

/**
 * @typedef {object} Place
 * @property {string} company
 * @property {string | undefined} application The sales channel, where the extension was opened in one.
 */

/** Where the extension was opened: `/company/1` or `/company/1/application/{id}`, and whatever comes behind. */
export const place = placeOf(location.pathname);

/** A call that did not succeed, with what the answer said about it. */
export class CallError extends Error {
  /**
   * @param {number} status
   * @param {{ code?: string, detail?: string, missingScopes?: string[] | undefined, retryAfterSeconds?: number | undefined }} said
   */
  constructor(status, { code, detail, missingScopes = [], retryAfterSeconds }) {
    super(detail ?? `The call was answered with ${status}.`);
    this.status = status;
    this.code = code;
    this.missingScopes = missingScopes;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/**
 * Calls the extension as the person who is signed in. Where the session is over, the frame goes to sign in again and comes
 * back here; nobody sees anything of it but a moment's waiting.
 * @param {string} path
 * @param {RequestInit} [options]
 * @returns {Promise<Response>}
 */
export async function call(path, options = {}) {
  const headers = new Headers(options.headers);
  headers.set('x-company-id', place.company);
  const response = await fetch(path, { ...options, headers });
  const signIn = response.headers.get('x-reauthorize-url');
  if (response.status === 401 && signIn !== null) return signInAgain(signIn);
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  const retryAfter = Number(response.headers.get('retry-after'));
  throw new CallError(response.status, {
    code: problem.code,
    detail: problem.detail,
    missingScopes: response.headers.get('x-missing-scopes')?.split(' '),
    retryAfterSeconds: retryAfter > 0 ? retryAfter : undefined,
  });
}

/** The company's part of the Platform API: `platform('catalog/v2.0', 'products/?page_no=1')`. @param {string} service @param {string} path */
export function platform(service, path) {
  return `/api/platform/${service}/company/${place.company}/${path}`;
}

/**
 * @param {string} signIn
 * @returns {Promise<never>}
 */
function signInAgain(signIn) {
  const address = new URL(signIn, location.origin);
  address.searchParams.set('redirect_path', `${location.pathname}${location.search}`);
  location.assign(address);
  // What waits for this call need not hear of it: the page is loaded again.
  return new Promise(() => {});
}

/**
 * @param {string} path
 * @returns {Place}
 */
function placeOf(path) {
  const [, company = '', application] = /^\/company\/(\d+)(?:\/application\/([\da-f]{24}))?/i.exec(path) ?? [];
  return { company, application };
}
