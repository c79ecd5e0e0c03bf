import { companyCall } from '../../functions/runtime/call.ts';

/** A payment is to be taken: answers what was signed, and reports to the platform as the company. */
export const handler = companyCall(async ({ company, platform, request }) => {
  const { page } = await platform.get<{ page?: unknown }>(`catalog/v2.0/company/${company}/products/`);
  return { success: page !== undefined, company, signed: request.json() };
});
