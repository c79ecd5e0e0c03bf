import { type Answer, type HttpClient, json } from './http.ts';
import type { State } from './state.ts';

/** The 403 for a request whose v1 signature is missing or wrong; undefined when all is well or nobody looks. */
export function refuseSignature({ settings }: State, { record }: HttpClient): Answer | undefined {
  if (!settings.enforceSignature || record.signature === 'valid') return undefined;
  return json(403, { message: `Signature is ${record.signature}`, code: 'INVALID_SIGNATURE' });
}
