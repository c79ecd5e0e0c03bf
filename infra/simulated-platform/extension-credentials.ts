import { type Answer, type HttpClient, json } from './http.ts';
import type { State } from './state.ts';

/**
 * The 401 for whoever does not bring the extension's key and secret; undefined for the extension itself. The Java
 * library calls base64(key:secret) a bearer token where the others say Basic.
 */
export function refuseOthers(
  { extension }: State,
  { headers }: Pick<HttpClient, 'headers'>,
  schemes: readonly ('basic' | 'bearer')[],
): Answer | undefined {
  const [scheme, value] = (headers['authorization'] ?? '').split(' ');
  const known = schemes.some((one) => one === scheme?.toLowerCase());
  const given = Buffer.from(value ?? '', 'base64').toString('utf8');
  return known && given === `${extension.apiKey}:${extension.apiSecret}`
    ? undefined
    : json(401, { message: 'Invalid client credentials', code: 'UNAUTHORIZED' });
}
