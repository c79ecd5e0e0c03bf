import { type EventConfig, slugOf } from './webhook-events.ts';

/** How events leave the platform. */
export const providers = ['rest', 'kafka', 'sqs', 'event_bridge', 'pub_sub', 'temporal'] as const;
export type Provider = (typeof providers)[number];

/** Which storefronts a subscriber hears of. */
export type Association = {
  company_id?: string | number | undefined;
  extension_id?: string | undefined;
  application_id: string[];
  criteria: 'ALL' | 'SPECIFIC-EVENTS' | 'EMPTY';
};

/** One subscribed event with where it goes and what of it. */
export type Subscription = {
  event: EventConfig;
  broadcaster_config: Record<string, string>;
  filters?: unknown;
  reducer?: unknown;
};

/** What a registration says about one provider. */
export type Registration = {
  name: string;
  association: Association;
  status: 'active' | 'inactive';
  email_id: string;
  webhook_url: string | null;
  auth_meta: { type: 'hmac'; secret: string } | null;
  type: string | null;
  subscriptions: Subscription[];
};

/** A registration as the platform keeps it: `blocked` once an event could not be delivered at all. */
export type Subscriber = Omit<Registration, 'status'> & {
  id: number;
  company: string;
  provider: Provider;
  status: 'active' | 'inactive' | 'blocked';
  disabled: Set<string>;
  created_on: string;
  updated_on: string;
};

/** Whether this subscriber wants the event, of a storefront or (undefined) of the company itself. */
export const wants = (subscriber: Subscriber, slug: string, applicationId: string | undefined): boolean =>
  subscriber.subscriptions.some(({ event }) => slugOf(event) === slug) &&
  (applicationId === undefined ||
    subscriber.association.criteria === 'ALL' ||
    (subscriber.association.criteria === 'SPECIFIC-EVENTS' &&
      subscriber.association.application_id.includes(applicationId)));

/** A subscriber as the platform shows it to its extension. */
export const subscriberView = (subscriber: Subscriber): Record<string, unknown> => {
  const { subscriptions, disabled, company, association, webhook_url, auth_meta, ...open } = subscriber;
  return {
    ...open,
    // The official models know both as a text and an object, never as null.
    ...(webhook_url === null ? {} : { webhook_url }),
    ...(auth_meta === null ? {} : { auth_meta }),
    association: { ...association, company_id: Number(company) },
    modified_by: 'extension',
    event_configs: subscriptions.map(({ event, ...mapping }) => ({
      ...event,
      subscriber_event_mapping: {
        id: subscriber.id * 1000 + event.id,
        event_id: event.id,
        subscriber_id: subscriber.id,
        status: disabled.has(slugOf(event)) ? 'inactive' : 'active',
        ...mapping,
        created_on: subscriber.updated_on,
      },
    })),
  };
};

/** Who subscribed to what, one subscriber per company and provider. `onUnblocked`: a blocked one is active again. */
export function createSubscribers(onUnblocked: (company: string) => void = () => {}) {
  let all: Subscriber[] = [];
  let last = 0;
  const ofCompany = (company: string) => all.filter((one) => one.company === company);
  const find = (company: string, provider: Provider) => ofCompany(company).find((one) => one.provider === provider);
  return {
    all: (): readonly Subscriber[] => all,
    ofCompany,
    find,
    /** Registers, or replaces what was registered: a blocked subscriber and its disabled events come back to life. */
    put(company: string, provider: Provider, registration: Registration): Subscriber {
      const now = new Date().toISOString();
      const known = find(company, provider);
      const fresh = { ...registration, disabled: new Set<string>(), updated_on: now };
      if (known) {
        const wasBlocked = known.status === 'blocked';
        Object.assign(known, fresh);
        if (wasBlocked && fresh.status === 'active') onUnblocked(company);
        return known;
      }
      const added = { ...fresh, id: ++last, company, provider, created_on: now };
      all.push(added);
      return added;
    },
    /** Nothing more is sent by this provider. */
    deactivate(company: string, provider: Provider): void {
      const known = find(company, provider);
      if (known) Object.assign(known, { status: 'inactive', subscriptions: [], updated_on: new Date().toISOString() });
    },
    /** After an event could not be delivered in all its attempts. */
    block(company: string, provider: Provider, slug: string): void {
      const known = find(company, provider);
      known?.disabled.add(slug);
      if (known?.status === 'active') known.status = 'blocked';
    },
    /** As after an event that could not be delivered at all: nothing is sent any more. False where nobody is active. */
    blockCompany(company: string): boolean {
      const active = ofCompany(company).filter((one) => one.status === 'active');
      for (const one of active) one.status = 'blocked';
      return active.length > 0;
    },
    /** What the merchant's panel does to a blocked subscriber. False when none was. */
    unblock(company: string): boolean {
      const blocked = ofCompany(company).filter((one) => one.status === 'blocked');
      for (const one of blocked) {
        one.status = 'active';
        one.disabled.clear();
      }
      if (blocked.length > 0) onUnblocked(company);
      return blocked.length > 0;
    },
    removeCompany(company: string): void {
      all = all.filter((one) => one.company !== company);
    },
    /** Takes up what another process had. */
    restore(saved: Subscriber[]): void {
      all = saved;
      last = Math.max(0, ...saved.map(({ id }) => id));
    },
    reset(): void {
      all = [];
      last = 0;
    },
  };
}

/** The subscribers of a running platform. */
export type Subscribers = ReturnType<typeof createSubscribers>;
