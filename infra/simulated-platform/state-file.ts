import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import * as v from 'valibot';
import type { State } from './state.ts';
import { providers, type Subscriber } from './subscribers.ts';
import { findEvent, slugOf } from './webhook-events.ts';

const tenant = v.object({ kind: v.picklist(['company', 'organization']), id: v.string() });
const grants = v.object({
  last: v.number(),
  grants: v.array(
    v.object({
      id: v.number(),
      tenant,
      mode: v.picklist(['online', 'offline']),
      /** The key of the person; null for the installation's own. */
      user: v.nullable(v.string()),
      asked: v.array(v.string()),
      scopes: v.array(v.string()),
    }),
  ),
  accessTokens: v.array(v.object({ value: v.string(), grant: v.number(), expiresAt: v.number() })),
  refreshTokens: v.array(
    v.object({
      value: v.string(),
      grant: v.number(),
      used: v.boolean(),
      /** null: never. */
      expiresAt: v.nullable(v.number()),
    }),
  ),
  /** Ids of grants by tenant. */
  installations: v.array(v.tuple([v.string(), v.number()])),
  consents: v.array(v.tuple([v.string(), v.array(v.string())])),
});
const subscribers = v.array(
  v.object({
    id: v.number(),
    company: v.string(),
    provider: v.picklist(providers),
    name: v.string(),
    association: v.object({
      company_id: v.optional(v.union([v.string(), v.number()])),
      extension_id: v.optional(v.string()),
      application_id: v.array(v.string()),
      criteria: v.picklist(['ALL', 'SPECIFIC-EVENTS', 'EMPTY']),
    }),
    status: v.picklist(['active', 'inactive', 'blocked']),
    email_id: v.string(),
    webhook_url: v.nullable(v.string()),
    auth_meta: v.nullable(v.object({ type: v.literal('hmac'), secret: v.string() })),
    type: v.nullable(v.string()),
    subscriptions: v.array(
      v.object({
        event: v.string(),
        broadcaster_config: v.record(v.string(), v.string()),
        filters: v.optional(v.unknown()),
        reducer: v.optional(v.unknown()),
      }),
    ),
    disabled: v.array(v.string()),
    created_on: v.string(),
    updated_on: v.string(),
  }),
);
const users = v.array(
  v.object({
    key: v.string(),
    id: v.string(),
    number: v.number(),
    role: v.string(),
    first_name: v.string(),
    last_name: v.string(),
    email: v.string(),
    phone: v.string(),
    permissions: v.record(v.string(), v.array(v.string())),
  }),
);
const schema = v.object({
  /** Of the extension that all this was given to. */
  apiKey: v.string(),
  /** Absent in a file from before people were kept. */
  users: v.optional(users),
  grants,
  subscribers,
  uninstalledAt: v.array(v.tuple([v.string(), v.number()])),
  proxyPaths: v.optional(
    v.array(
      v.object({
        _id: v.string(),
        attached_path: v.string(),
        proxy_url: v.string(),
        company_id: v.string(),
        application_id: v.string(),
        extension_id: v.string(),
        created_at: v.string(),
        modified_at: v.string(),
      }),
    ),
    [],
  ),
});

/** Grants and their tokens as they outlive the process. */
export type SavedGrants = v.InferOutput<typeof grants>;
type Saved = v.InferOutput<typeof schema>;

/** The state file cannot be used; the message is the whole sentence. */
export class StateFileError extends Error {}

/**
 * Gives a platform what an earlier one wrote down: grants with the tokens that live, who subscribed to what, when the
 * extension was uninstalled, and people with what they may do. What is read again at its start need not be there:
 * products, orders.
 * @param warn told in a sentence that the file cannot be written for now.
 * @returns writes down what has changed; to be called before anybody is told of it.
 * @throws {StateFileError} where the file is damaged or cannot be read.
 */
export function useStateFile(state: State, file: string, warn: (sentence: string) => void): () => void {
  const saved = read(file);
  if (saved?.apiKey === state.extension.apiKey) {
    // Before the grants, which name them.
    if (saved.users) state.users.restore(saved.users);
    state.grants.restore(saved.grants);
    state.subscribers.restore(saved.subscribers.map(toSubscriber));
    state.proxyPaths.restore(saved.proxyPaths);
    state.uninstalledAt = new Map(saved.uninstalledAt.map(([key, at]) => [key, new Date(at)]));
  }
  let written = textOf(state);
  return () => {
    const text = textOf(state);
    if (text === written) return;
    try {
      write(file, text);
      written = text;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      warn(`${file} cannot be written (${code}): make room for it, or tokens that are given now are lost at the end.`);
    }
  };
}

function textOf({ extension, users, grants, subscribers, uninstalledAt, proxyPaths }: State): string {
  const saved: Saved = {
    apiKey: extension.apiKey,
    users: [...users.all()],
    grants: grants.save(),
    subscribers: subscribers.all().map(({ subscriptions, disabled, ...open }) => ({
      ...open,
      subscriptions: subscriptions.map(({ event, ...mapping }) => ({ event: slugOf(event), ...mapping })),
      disabled: [...disabled],
    })),
    uninstalledAt: [...uninstalledAt].map(([key, at]) => [key, at.getTime()]),
    proxyPaths: [...proxyPaths.all()],
  };
  return JSON.stringify(saved);
}

function toSubscriber({ subscriptions, disabled, ...open }: Saved['subscribers'][number]): Subscriber {
  return {
    ...open,
    subscriptions: subscriptions.flatMap(({ event: slug, ...mapping }) => {
      const event = findEvent(slug);
      return event ? [{ event, ...mapping }] : [];
    }),
    disabled: new Set(disabled),
  };
}

function read(file: string): Saved | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new StateFileError(`${file} cannot be read (${code}): change its permissions, or move it away.`);
  }
  try {
    return v.parse(schema, JSON.parse(text));
  } catch {
    throw new StateFileError(
      `${file} is damaged: bring it back from a copy, or delete it and start again. Without it the extension is installed nowhere.`,
    );
  }
}

/** Whole or not at all, for its owner alone: there are tokens in it. */
function write(file: string, text: string): void {
  const next = `${file}.next`;
  const descriptor = openSync(next, 'w', 0o600);
  try {
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
    renameSync(next, file);
  } catch (error) {
    rmSync(next, { force: true });
    throw error;
  } finally {
    closeSync(descriptor);
  }
}
