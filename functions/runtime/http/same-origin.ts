import { AppError } from '../../../shared/problems.ts';
import { requirement } from '../chain.ts';
import { baseUrl } from '../settings.ts';
import { bearerOf } from './bearer.ts';
import { type HttpRequirement } from './http.ts';
import type { HttpRequest } from './http-messages.ts';

/** Where a request with a session may come from: every route with one must say so to be declared. */
export interface Origin {
  readonly origin: 'ours' | 'any';
  /** The session in `Authorization`, instead of any cookie; empty where it is malformed. Only scripts of ours send one. */
  readonly bearer?: string | undefined;
}

/**
 * Refuses calls that another site may have made in the person's name: the session cookie is `SameSite=None`, because
 * the extension lives in a frame. An unsafe method needs proof of its origin: `Origin`, or `Sec-Fetch-Site`
 * (https://www.w3.org/TR/fetch-metadata/), or a header that no other site can send without a preflight. A session in
 * `Authorization`, which no browser adds by itself, is proof enough.
 * @throws {AppError} `cross_site_request`.
 */
export function requireSameOrigin({ method, headers }: Pick<HttpRequest, 'method' | 'headers'>, baseUrl: string): void {
  const refuse = () => new AppError('cross_site_request', 'Only pages of the extension itself may make this call.');
  const origin = headers['origin'];
  const site = headers['sec-fetch-site']?.toLowerCase();
  if (site?.includes('cross-site') || (origin !== undefined && origin !== new URL(baseUrl).origin)) throw refuse();
  if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS' || bearerOf(headers) !== undefined) return;
  if (site !== undefined && site !== 'same-origin') throw refuse();
  // No other site can send one of these without a preflight.
  const own = headers['x-company-id'] ?? headers['x-organization-id'];
  if (origin === undefined && site === undefined && own === undefined) throw refuse();
}

/** Only pages of the extension itself make this call. @throws {AppError} `cross_site_request`. */
export function sameOrigin(): HttpRequirement<HttpRequest, Origin> {
  return requirement((request) => {
    request.isPersonal = true;
    requireSameOrigin(request, baseUrl());
    return { origin: 'ours', bearer: bearerOf(request.headers) };
  });
}

/** For pages that people are led to from elsewhere: they show something to whoever navigates there, and change nothing. */
export function anyOrigin(): HttpRequirement<HttpRequest, Origin> {
  return requirement((request) => {
    request.isPersonal = true;
    return { origin: 'any' };
  });
}
