import { randomBytes } from 'node:crypto';
import { extension } from '../settings.ts';
import type { HttpResponse } from './http-messages.ts';
import { pageHeaders, redirectHeaders } from './security-headers.ts';

/** JSON that nobody stores. */
export function json(body: unknown): HttpResponse {
  return {
    status: 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: JSON.stringify(body),
  };
}

/** Sends a browser on, without telling where it came from: addresses here carry codes and states. */
export function redirect(location: string): HttpResponse {
  return { status: 302, headers: { ...redirectHeaders, location } };
}

/** A page that nobody stores and only the admin panels may frame. Its scripts and styles must carry the nonce. */
export function page(
  render: (nonce: string) => string,
  { status = 200, headers = {} }: Partial<Pick<HttpResponse, 'status' | 'headers'>> = {},
): HttpResponse {
  const nonce = randomBytes(16).toString('base64');
  return {
    status,
    headers: { 'cache-control': 'no-store', ...headers, ...pageHeaders(extension(), nonce) },
    body: render(nonce),
  };
}
