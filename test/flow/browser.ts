import type { World } from '../start-world.ts';

/** A Set-Cookie of the extension, taken apart. */
export interface ReceivedCookie {
  readonly name: string;
  readonly value: string;
  /** Lower-case names; a flag's value is an empty string. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** What a browser does that matters here: keeps the extension's cookies, follows no redirect by itself. */
export class Browser {
  readonly #world: World;
  readonly cookies = new Map<string, string>();

  constructor(world: World) {
    this.#world = world;
  }

  /** The same browser profile, copied: somebody who took the cookies. */
  copy(): Browser {
    const copy = new Browser(this.#world);
    for (const [name, value] of this.cookies) copy.cookies.set(name, value);
    return copy;
  }

  cookieHeader(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  /** A request to the extension. `path` may be absolute. */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const url = new URL(path, this.#world.baseUrl);
    const headers = new Headers(init.headers);
    if (this.cookies.size > 0 && !headers.has('cookie')) headers.set('cookie', this.cookieHeader());
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const { name, value, attributes } of receivedCookies(response)) {
      if (attributes['max-age'] === '0') this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return response;
  }

  async json(path: string, init?: RequestInit): Promise<unknown> {
    return await (await this.fetch(path, init)).json();
  }

  installPath(company: number, parameters: Record<string, string> = {}): string {
    const query = new URLSearchParams({ company_id: String(company), client_id: this.#world.apiKey, ...parameters });
    return `/fp/install?${query.toString()}`;
  }

  /** Begins to sign in and gives consent as `user`: the address that the platform sends the browser back to. */
  async consent(
    company: number,
    user: string,
    parameters: Record<string, string> = {},
    decision = 'allow',
  ): Promise<string> {
    return await this.#consentTo(this.installPath(company, parameters), user, decision);
  }

  /** The whole sign-in to an organization; answers what the callback answered. */
  async signInPartner(organization: string, user = 'owner'): Promise<Response> {
    const query = new URLSearchParams({ organization_id: organization, client_id: this.#world.apiKey });
    const back = await this.#consentTo(`/adm/install?${query.toString()}`, user, 'allow');
    return await this.fetch(back, { headers: { accept: 'text/html' } });
  }

  async #consentTo(installPath: string, user: string, decision: string): Promise<string> {
    const install = await this.fetch(installPath);
    if (install.status !== 302) throw new Error(`install answered ${install.status}: ${await install.text()}`);
    const consented = await fetch(install.headers.get('location') ?? '', {
      method: 'POST',
      body: new URLSearchParams({ user, decision }),
      redirect: 'manual',
    });
    const back = consented.headers.get('location');
    if (back === null) throw new Error(`authorize answered ${consented.status}: ${await consented.text()}`);
    return back;
  }

  /** The whole sign-in; answers what the callback answered. */
  async signIn(company: number, user = 'owner', parameters: Record<string, string> = {}): Promise<Response> {
    return await this.fetch(await this.consent(company, user, parameters), { headers: { accept: 'text/html' } });
  }
}

export function receivedCookies(response: Response): ReceivedCookie[] {
  return response.headers.getSetCookie().map((text) => {
    const [pair = '', ...attributes] = text.split(/;\s*/);
    const at = pair.indexOf('=');
    return {
      name: pair.slice(0, at),
      value: pair.slice(at + 1),
      attributes: Object.fromEntries(
        attributes.map((attribute) => {
          const [name = '', value = ''] = attribute.split('=');
          return [name.toLowerCase(), value];
        }),
      ),
    };
  });
}
