// @ts-check
import { CallError } from './platform.js';

/** What a scope lets somebody do, as a merchant would say it. @type {Record<string, string>} */
const abilities = {
  'company/products': 'See the products of your company, and change them',
  'company/orders': 'See the orders of your company',
  'company/profile': 'See the profile of your company',
};

/** @param {string} scope */
export function describeScope(scope) {
  return abilities[scope] ?? `Work with “${scope.replace(/^company\//, '')}”`;
}

/**
 * Where an answer came from, out of `Cache-Status` (RFC 9211).
 * @param {string | null} cacheStatus
 */
export function describeSource(cacheStatus) {
  if (cacheStatus === null) return 'From the platform, just now.';
  const hit = /\bhit\b.*?\bttl=(\d+)/.exec(cacheStatus);
  if (hit) return `Kept for you, and fresh for another ${seconds(Number(hit[1]))}. Nobody else is shown it.`;
  if (cacheStatus.includes('fwd-status=304')) return 'Kept for you. The platform says that nothing has changed.';
  if (cacheStatus.includes('fwd=stale')) return 'From the platform, just now: what was kept for you was out of date.';
  return 'From the platform, just now.';
}

/**
 * @param {unknown} error
 * @param {string} what What the person wanted, e.g. `see the products`.
 */
export function explain(error, what) {
  if (error instanceof TypeError) return 'The extension could not be reached. Check your connection and try again.';
  if (!(error instanceof CallError)) return `You wanted to ${what}, and something went wrong. Load the page again.`;
  const { status, code, missingScopes, retryAfterSeconds } = error;
  if (code === 'route_not_allowed') {
    return `The extension never lets a page ${what}, whoever asks. That is decided by its author, for everybody’s safety.`;
  }
  if (status === 403) {
    const lacking = missingScopes.map((scope) => `“${describeScope(scope)}”`).join(', ');
    const needed = lacking === '' ? '' : ` You lack this permission: ${lacking}.`;
    return `You may not ${what}.${needed} Ask an administrator of your company for it, then open the extension again.`;
  }
  if (status === 429)
    return `The platform asks to wait ${retryAfterSeconds === undefined ? 'a little' : seconds(retryAfterSeconds)}. Then try again.`;
  if (status === 404) return 'The platform does not know this any more. Load the list again.';
  if (status >= 500) return 'The platform does not answer as it should. Try again in a minute.';
  return `You could not ${what}. ${error.message}`;
}

/**
 * @param {number} expiresAt Epoch seconds.
 * @param {number} [now] Epoch milliseconds.
 */
export function describeUntil(expiresAt, now = Date.now()) {
  const minutes = Math.round((expiresAt * 1000 - now) / 60_000);
  if (minutes <= 0) return 'Your session has run out. With your next step you are signed in again.';
  const time = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' }).format(expiresAt * 1000);
  return `until ${time}, ${minutes < 90 ? `${minutes} min` : `${Math.round(minutes / 60)} hours`} from now`;
}

/** @param {number} count */
function seconds(count) {
  return count < 90 ? `${count} s` : `${Math.round(count / 60)} min`;
}
