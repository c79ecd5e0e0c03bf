import type { World } from '../start-world.ts';

export interface RecordedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body_base64: string;
  readonly status: number | null;
  readonly signature: 'valid' | 'invalid' | 'absent';
}

export interface Delivery {
  readonly url: string;
  readonly state: string;
  readonly attempts: readonly { readonly status: number | null }[];
}

/** What the extension answered to a caller that the platform played. */
export interface CallerAnswer {
  readonly status: number;
  readonly body: string;
}

interface Match {
  readonly method?: string;
  readonly path: string;
}

/** The strings of the simulated platform, over HTTP. */
export class PlatformControl {
  readonly #origin: string;

  constructor({ platformUrl }: World) {
    this.#origin = platformUrl;
  }

  async #call(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.#origin}/__control/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  reset = () => this.#call('POST', 'reset');
  set = (settings: Record<string, unknown>) => this.#call('PUT', 'settings', settings);
  /** Uninstalls; with `options`, calls the extension about it, or only does that. */
  uninstall = (company: number, options: Record<string, unknown> = {}) =>
    this.#call('POST', `companies/${company}/uninstall`, options) as Promise<{ notified: string | null }>;
  autoInstall = (company: number, options: Record<string, unknown> = {}) =>
    this.#call('POST', `companies/${company}/auto-install`, options) as Promise<{ status: number; body: string }>;
  /** Makes an event and delivers it to whoever subscribed. */
  event = (company: number, event: Record<string, unknown>) => this.#call('POST', `companies/${company}/events`, event);
  /** As after an event that could not be delivered at all. */
  block = (company: number) => this.#call('POST', `companies/${company}/block`);
  subscribers = (company: number) =>
    this.#call('GET', `subscribers?company_id=${company}`) as Promise<Record<string, unknown>[]>;
  /** The deliveries that fit, once there are as many as `query` asks for. */
  deliveries = (query: Record<string, string>) =>
    this.#call('GET', `deliveries?${new URLSearchParams(query).toString()}`) as Promise<Delivery[]>;
  /** A sales channel of the company. */
  async applicationOf(company: number): Promise<string> {
    const { companies } = (await this.#call('GET', 'world')) as {
      companies: readonly { id: string; applications: readonly { id: string }[] }[];
    };
    return companies.find(({ id }) => id === String(company))?.applications[0]?.id ?? '';
  }

  async organization(index = 0): Promise<string> {
    const { organizations } = (await this.#call('GET', 'world')) as { organizations: readonly { id: string }[] };
    return organizations[index]?.id ?? '';
  }

  storefronts = () =>
    this.#call('GET', 'storefronts') as Promise<{ readonly company_id: string; readonly application_id: string }[]>;
  shopperCall = (application: string, call: Record<string, unknown>) =>
    this.#call('POST', `storefronts/${application}/call`, call) as Promise<CallerAnswer>;
  paymentCall = (company: number, call: Record<string, unknown>) =>
    this.#call('POST', `companies/${company}/payment-call`, call) as Promise<CallerAnswer>;
  expireTokens = (of: Record<string, unknown>) => this.#call('POST', 'tokens/expire', of);
  setUser = (key: string, user: Record<string, unknown>) => this.#call('PUT', `users/${key}`, user);
  fault = (match: Match, fault: Record<string, unknown>, times?: number) =>
    this.#call('POST', 'faults', { match, fault, ...(times === undefined ? {} : { times }) });
  clearFaults = () => this.#call('DELETE', 'faults');
  forgetRequests = () => this.#call('DELETE', 'requests');

  /** What the platform was asked whose path begins with `path`. */
  async requests(path = '/'): Promise<RecordedRequest[]> {
    const all = (await this.#call('GET', 'requests')) as RecordedRequest[];
    return all.filter(({ url }) => url.startsWith(path));
  }

  async code(of: Record<string, unknown>): Promise<string> {
    return ((await this.#call('POST', 'codes', of)) as { code: string }).code;
  }

  /** Holds matching requests until it is opened. */
  async gate(
    match: Match,
    at: 'request' | 'answer' = 'request',
  ): Promise<{ held(count: number): Promise<void>; open(): Promise<void> }> {
    const { id } = (await this.#call('POST', 'gates', { match, at })) as { id: string };
    return {
      held: async (count) => void (await this.#call('GET', `gates/${id}?held=${count}`)),
      open: async () => void (await this.#call('POST', `gates/${id}/open`)),
    };
  }
}
