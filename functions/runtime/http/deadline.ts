import { type Deadline, deadlineIn } from '../../../shared/http/http-client.ts';
import { requirement } from '../chain.ts';
import { type HttpRequirement } from './http.ts';
import type { HttpRequest } from './http-messages.ts';

/** `request.deadline`: by when all that the route asks of the platform must have been answered. Declared first. */
export function deadline(budgetMs: number): HttpRequirement<HttpRequest, { readonly deadline: Deadline }> {
  return requirement(() => ({ deadline: deadlineIn(budgetMs) }));
}
