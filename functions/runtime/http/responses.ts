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

/** On what an author's handler answers to a shopper or a server, unless it says otherwise: nobody else's, and not kept. */
export const forOneCaller = { 'cache-control': 'private, no-store' } as const;

/** Sends a browser on, without telling where it came from: addresses here carry codes and states. */
export function redirect(location: string): HttpResponse {
  return { status: 302, headers: { ...redirectHeaders, location } };
}

interface PageOptions extends Partial<Pick<HttpResponse, 'status' | 'headers'>> {
  /** Who may frame it. Default: the platform's admin panels. */
  readonly framedBy?: readonly string[];
}

/** A page that nobody stores. Its scripts and styles must carry the nonce. */
export function page(
  render: (nonce: string) => string,
  { status = 200, headers = {}, framedBy = extension().adminOrigins }: PageOptions = {},
): HttpResponse {
  const nonce = randomBytes(16).toString('base64');
  return {
    status,
    headers: {
      'cache-control': 'no-store',
      ...headers,
      ...pageHeaders({ ...extension(), adminOrigins: framedBy }, nonce),
    },
    body: render(nonce),
  };
}
