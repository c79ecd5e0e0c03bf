import { launch } from '../../functions/runtime/background.ts';

/** Lands people who may see orders at them. */
export const handler = launch(async ({ company, scopes }) =>
  scopes.includes('company/orders') ? `/company/${company}?tab=orders` : undefined,
);
