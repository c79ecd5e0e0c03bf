import { type Answer, type HttpClient, json } from './http.ts';
import { platformNow, type Settings } from './settings.ts';
import type { State } from './state.ts';

/** The 403 for a request whose v1 signature is missing, wrong or too old; undefined when all is well or nobody looks. */
export function refuseSignature({ settings }: State, httpClient: HttpClient): Answer | undefined {
  const { signature } = httpClient.record;
  if (!settings.enforceSignature) return undefined;
  const worth = signature === 'valid' && isOutsideWindow(settings, httpClient) ? 'too far from this clock' : signature;
  return worth === 'valid' ? undefined : json(403, { message: `Signature is ${worth}`, code: 'INVALID_SIGNATURE' });
}

function isOutsideWindow(settings: Settings, { headers, query }: HttpClient): boolean {
  if (settings.signatureWindowSeconds === null) return false;
  const date = (headers['x-fp-signature'] === undefined ? query.get('x-fp-date') : headers['x-fp-date']) ?? '';
  const at = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  return !(Math.abs(at - platformNow(settings).getTime()) <= settings.signatureWindowSeconds * 1000);
}
