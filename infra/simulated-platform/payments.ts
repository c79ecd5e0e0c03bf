import { createHmac, timingSafeEqual } from 'node:crypto';
import * as v from 'valibot';
import { type Call, serviceError } from './call.ts';
import { type Answer, json, jsonObject } from './http.ts';
import { maskBody, maskHeaders } from './mask.ts';
import type { State } from './state.ts';

/** What a payment extension reported, of a payment or of one of its refunds. */
export type PaymentReport = {
  company_id: string;
  application_id: string;
  gid: string;
  /** null: it is about the payment itself. */
  refund_request_id: string | null;
  body: Record<string, unknown>;
  at: string;
};

/** What payment extensions reported to a running platform, oldest first. */
export function createPayments() {
  let all: PaymentReport[] = [];
  return {
    ofCompany: (company: string): PaymentReport[] => all.filter((one) => one.company_id === company),
    add(report: PaymentReport): void {
      all.push(report);
    },
    reset(): void {
      all = [];
    },
  };
}
export type Payments = ReturnType<typeof createPayments>;

const checksumOf = (secret: string, text: string | Buffer): string =>
  createHmac('sha256', secret).update(text).digest('hex');
const isSame = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

const session = v.looseObject({
  gid: v.string(),
  status: v.string(),
  currency: v.string(),
  total_amount: v.number(),
});

/** In the header over the body's bytes, as the platform calls; or in the body over the rest of it, as the client's model has it. */
function hasChecksum({ extension }: State, { headers, body }: Call['httpClient'], given: object): boolean {
  const inHeader = headers['checksum'];
  if (inHeader !== undefined) return isSame(inHeader, checksumOf(extension.apiSecret, body));
  const { checksum, ...rest } = given as { checksum?: unknown };
  return typeof checksum === 'string' && isSame(checksum, checksumOf(extension.apiSecret, JSON.stringify(rest)));
}

/** The payment service: a payment extension tells what became of a payment (`updatePaymentSession`, `updateRefundSession`). */
export function answerPayment(state: State, { httpClient, tenant, applicationId, rest }: Call): Answer | undefined {
  const [, ofPayment, ofRefund, requestId] =
    /^\/payment\/(?:session\/([^/]+)|([^/]+)\/refund\/session\/([^/]+))\/?$/.exec(rest) ?? [];
  const gid = ofPayment ?? ofRefund;
  if (gid === undefined || applicationId === undefined || httpClient.method !== 'PUT') return undefined;
  const asked = v.safeParse(session, jsonObject(httpClient.body));
  if (!asked.success) {
    const wrong = asked.issues.map((one) => `${v.getDotPath(one) ?? 'body'}: ${one.message}`).join('; ');
    return serviceError('payment', 400, `Validation failed: ${wrong}`);
  }
  const body = asked.output;
  if (!hasChecksum(state, httpClient, jsonObject(httpClient.body) ?? {}))
    return serviceError('payment', 400, 'The checksum is missing or wrong');
  if (body.gid !== gid) return serviceError('payment', 400, 'gid: not that of the path');
  const refund_request_id = requestId ?? null;
  const at = new Date().toISOString();
  state.payments.add({ company_id: tenant.id, application_id: applicationId, gid, refund_request_id, body, at });
  const { status, currency, total_amount } = body;
  return requestId === undefined
    ? json(200, { gid, status, currency, total_amount, platform_transaction_details: [] })
    : json(200, { gid, status, currency, total_refund_amount: total_amount, platform_refund_details: [] });
}

/** A call of the platform's servers to a payment extension. */
export type PaymentCall = {
  method: 'GET' | 'POST' | 'PUT';
  /** At the extension, with a query where there is one. */
  path: string;
  /** Its bytes; undefined: there is none, and the checksum is that of `gid`. */
  body: string | undefined;
  gid: string | undefined;
  checksum: 'right' | 'wrong' | 'none';
};

/** Calls the extension as the platform's payment service does; the status is null where nobody answers. */
export async function callPaymentExtension(
  state: State,
  company: string,
  { method, path, body, gid, checksum }: PaymentCall,
): Promise<{ status: number | null; body: string }> {
  const { apiSecret, baseUrl } = state.extension;
  const secret = checksum === 'right' ? apiSecret : `not ${apiSecret}`;
  const headers: Record<string, string> = {
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(checksum === 'none' ? {} : { checksum: checksumOf(secret, body ?? gid ?? '') }),
  };
  const entry = state.log.add({
    from: 'platform',
    to: 'extension',
    kind: 'api',
    what: `Payment: the platform calls ${path.split('?')[0]}, checksum ${checksum}`,
    method,
    url: baseUrl + path,
    status: null,
    took_ms: null,
    company,
    request: { headers: maskHeaders(state, headers), body: maskBody(state, body ?? '') },
  });
  const startedAt = performance.now();
  const answer = await ask(baseUrl + path, { method, headers, ...(body === undefined ? {} : { body }) });
  state.log.change(entry, { status: answer.status ?? 0, took_ms: Math.round(performance.now() - startedAt) });
  return answer;
}

async function ask(url: string, init: RequestInit): Promise<{ status: number | null; body: string }> {
  try {
    const answer = await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(30_000) });
    return { status: answer.status, body: await answer.text() };
  } catch {
    return { status: null, body: '' };
  }
}
