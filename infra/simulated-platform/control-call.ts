import * as v from 'valibot';
import type { Answer, HttpClient } from './http.ts';
import type { State } from './state.ts';
import { type Company, companies, findTenant, type Tenant, type User } from './world.ts';

/** A control call that cannot be done: its answer is 400 with the message, and names the field. */
export class ControlError extends Error {
  readonly field: string;

  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }
}

/** What a control call does. `name` is the path's second segment, empty where there is none; undefined: no such control. */
export type Control = (
  state: State,
  httpClient: HttpClient,
  name: string,
) => Answer | undefined | Promise<Answer | undefined>;

/** An id, which may come as a number. */
const id = v.pipe(
  v.union([v.string(), v.number()]),
  v.transform((value) => String(value)),
);

/** The fields that name a company or an organization. */
export const tenantFields = { company_id: v.optional(id), organization_id: v.optional(id) };

/** The JSON body of a control call; none counts as `{}`. Throws a ValiError or a ControlError that says what is wrong. */
export function bodyOf<S extends v.GenericSchema>(httpClient: HttpClient, schema: S): v.InferOutput<S> {
  return v.parse(schema, httpClient.body.length === 0 ? {} : jsonOf(httpClient));
}

/** The body as JSON, whatever it holds. */
export function jsonOf({ body }: HttpClient): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    throw new ControlError('body', 'The body is not JSON');
  }
}

/** The person that a control call names. */
export function userOf({ users }: State, key: string): User {
  const user = users.find(key);
  if (!user) throw new ControlError('user', `There is no user ${key}`);
  return user;
}

/** The tenant that a control call names, where it names one. */
export function tenantOf(given: {
  company_id?: string | undefined;
  organization_id?: string | undefined;
}): Tenant | undefined {
  const [kind, value] =
    given.organization_id === undefined ? ['company', given.company_id] : ['organization', given.organization_id];
  if (value === undefined) return undefined;
  const tenant = findTenant(kind, value);
  if (!tenant) throw new ControlError(`${kind}_id`, `There is no ${kind} ${value}`);
  return tenant;
}

/** The company in the path of a control call. */
export function companyOf(name: string): Company {
  const company = companies.get(name);
  if (!company) throw new ControlError('company', 'There is no such company');
  return company;
}

/** A whole number in the query. */
export function wholeNumber({ query }: HttpClient, name: string, otherwise: number): number {
  const text = query.get(name);
  if (text === null) return otherwise;
  if (!/^\d{1,9}$/.test(text)) throw new ControlError(name, `${name} must be a whole number`);
  return Number(text);
}
