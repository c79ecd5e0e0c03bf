import { call } from '../../functions/runtime/call.ts';

/** A gateway says that a payment was made; its own secret is what proves it here. */
export const handler = call(async ({ request, asUnprovenCompany }) => {
  if (request.headers['authorization'] !== 'Bearer CANARY-gateway') return new Response(null, { status: 401 });
  const { company } = await asUnprovenCompany(request.pathParameters['company_id'] ?? '');
  return { company, body: request.body?.toString(), cookies: request.headers['cookie'] ?? null };
});
