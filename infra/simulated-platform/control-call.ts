import * as v from 'valibot';
import type { HttpClient } from './http.ts';
import type { State } from './state.ts';
import type { User } from './world.ts';

/** A control call that cannot be done; the message is its answer. */
export class ControlError extends Error {}

/** The JSON body of a control call; none counts as `{}`. Throws a ValiError or a SyntaxError that says what is wrong. */
export function bodyOf<S extends v.GenericSchema>({ body }: HttpClient, schema: S): v.InferOutput<S> {
  return v.parse(schema, body.length === 0 ? {} : JSON.parse(body.toString('utf8')));
}

/** The person that a control call names. */
export function userOf({ users }: State, key: string): User {
  const user = users.find(key);
  if (!user) throw new ControlError(`There is no user ${key}`);
  return user;
}
