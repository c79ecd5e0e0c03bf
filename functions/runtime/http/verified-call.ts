import * as v from 'valibot';
import type { Extension } from '../../../shared/config.ts';
import { requireChecksum } from '../../../shared/fynd/checksum.ts';
import { parseApplicationData, requireStorefrontSignature } from '../../../shared/fynd/storefront-call.ts';
import { AppError } from '../../../shared/problems.ts';
import { companyId, companyTenant } from '../../../shared/tenant.ts';
import { requirement } from '../chain.ts';
import { withApiSecrets } from '../secrets.ts';
import { extension, now } from '../settings.ts';
import type { HttpRequirement } from './http.ts';
import type { HttpRequest } from './http-messages.ts';
import { parseFields } from './input.ts';
import { jsonOf } from './json-body.ts';
import { receivedRequest } from './received-request.ts';

/** What `verifiedCall` finds. */
export interface VerifiedCall {
  readonly call: Extension['calls'][string];
  /** The company that stands in what was signed; undefined where the configuration names no place for it. */
  readonly signedCompany: string | undefined;
}

/**
 * The call carries the proof that the configuration asks of its route, before any code of the author's runs.
 * @throws {AppError} `signature_required`, `signature_expired`, `signature_mismatch`; `tenant_mismatch` where the path names
 * another company than was signed; `invalid_request`.
 */
export function verifiedCall(): HttpRequirement<HttpRequest, VerifiedCall> {
  return requirement(async (request) => {
    const call = configuredCall(request);
    await verify(call, request);
    const signedCompany = signedCompanyOf(call, request);
    if (signedCompany !== undefined) {
      const claimed = request.pathParameters['company_id'];
      if (claimed !== undefined && claimed !== signedCompany) {
        throw new AppError('tenant_mismatch', 'The path names another company than what was signed.');
      }
      request.tenant = companyTenant(signedCompany);
    }
    return { call, signedCompany };
  });
}

/** A route that is nowhere configured asks for nothing, and so is not served. */
function configuredCall({ invocation }: HttpRequest): VerifiedCall['call'] {
  const { routeKey } = invocation.event;
  const { calls } = extension();
  const call = calls[routeKey] ?? calls[routeKey.replace(/^HEAD /, 'GET ')];
  if (call === undefined) throw new AppError('internal', 'The configuration names no such route under calls.');
  return call;
}

async function verify({ verify: proof }: VerifiedCall['call'], request: HttpRequest): Promise<void> {
  const { headers, body = Buffer.alloc(0) } = request;
  switch (proof) {
    case 'none':
      return;
    case 'storefront':
      return await withApiSecrets(headers['x-fp-signature'], (secrets) =>
        requireStorefrontSignature(receivedRequest(request), secrets, now()),
      );
    case 'checksum': {
      const gid = body.byteLength > 0 ? undefined : gidOf(request);
      const { checksum } = headers;
      return await withApiSecrets(checksum, (secrets) => requireChecksum({ checksum, body, gid }, secrets));
    }
  }
}

const gid = v.object({ gid: v.optional(v.string()) });

function gidOf({ pathParameters, query }: HttpRequest): string | undefined {
  return pathParameters['gid'] ?? parseFields(gid, query).gid;
}

function signedCompanyOf({ verify: proof, company }: VerifiedCall['call'], request: HttpRequest): string | undefined {
  if (proof === 'storefront') return parseApplicationData(request.headers['x-application-data']).companyId;
  if (company === undefined) return undefined;
  const [, ...fields] = company.split('.');
  let value = jsonOf(request.body);
  for (const field of fields) {
    value =
      typeof value === 'object' && value !== null && Object.hasOwn(value, field)
        ? Reflect.get(value, field)
        : undefined;
  }
  const id = v.safeParse(companyId, typeof value === 'number' ? String(value) : value);
  if (id.success) return id.output;
  throw new AppError('invalid_request', `${fields.join('.')} in the body is missing, or no company id.`);
}
