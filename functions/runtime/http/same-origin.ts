import { AppError } from '../../../shared/problems.ts';
import { requirement } from '../chain.ts';
import { baseUrl } from '../settings.ts';
import { type HttpRequirement } from './http.ts';
import type { HttpRequest } from './http-messages.ts';

/** Where a request with a session may come from: every route with one must say so to be declared. */
export interface Origin {
  readonly origin: 'ours' | 'any';
}

/**
 * Refuses calls that another site may have made in the person's name: the session cookie is `SameSite=None`, because
 * the extension lives in a frame. An unsafe method needs proof of its origin: `Origin`, or `Sec-Fetch-Site`
 * (https://www.w3.org/TR/fetch-metadata/), or a header that no other site can send without a preflight.
 * @throws {AppError} `cross_site_request`.
 */
export function requireSameOrigin({ method, headers }: Pick<HttpRequest, 'method' | 'headers'>, baseUrl: string): void {
  const refuse = () => new AppError('cross_site_request', 'Only pages of the extension itself may make this call.');
  const origin = headers['origin'];
  const site = headers['sec-fetch-site']?.toLowerCase();
  if (site?.includes('cross-site') || (origin !== undefined && origin !== new URL(baseUrl).origin)) throw refuse();
  if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return;
  if (site !== undefined && site !== 'same-origin') throw refuse();
  if (origin === undefined && site === undefined && headers['x-company-id'] === undefined) throw refuse();
}

/** Only pages of the extension itself make this call. @throws {AppError} `cross_site_request`. */
export function sameOrigin(): HttpRequirement<HttpRequest, Origin> {
  return requirement((request) => {
    requireSameOrigin(request, baseUrl());
    return { origin: 'ours' };
  });
}

/** For pages that people are led to from elsewhere: they show something to whoever navigates there, and change nothing. */
export function anyOrigin(): HttpRequirement<HttpRequest, Origin> {
  return requirement(() => ({ origin: 'any' }));
}
