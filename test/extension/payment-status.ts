import { call } from '../../functions/runtime/call.ts';

export const handler = call(({ request, verifiedBy }) =>
  Promise.resolve({ gid: request.pathParameters['gid'], verifiedBy, status: 'pending' }),
);
