import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Browser } from '../flow/browser.ts';
import { PlatformControl } from '../flow/platform-control.ts';
import { startWorld, type World } from '../start-world.ts';
import { type OwnValues, putOwnValues } from './own-values.ts';

/** The extension as `npm start` serves it, and a simulated platform, for one file of tests. */
export interface RunningExtension extends AsyncDisposable {
  /** Origin of the extension. */
  readonly baseUrl: string;
  /** Where the simulated admin panel shows the extension to a company. */
  panelUrl(company?: number): string;
  /** The strings of the platform: `fault`, `expireTokens`, `setUser`, `requests`, `uninstall` … */
  readonly platform: PlatformControl;
  /**
   * A browser in which this person has signed in to the company; the first one installs the extension there. What it sends
   * below `/api/` looks as if a page of the extension had sent it, for this company.
   * @param company default 1
   * @param user a person of the simulated platform. Default `owner`, who holds every permission
   */
  signIn(company?: number, user?: string): Promise<Browser>;
  /**
   * Makes the platform deliver an event to a company that installed the extension, and waits until its handler is done.
   * @param key as in the configuration, e.g. `company/product/update/v1`
   */
  deliver(company: number, key: string, payload: unknown): Promise<void>;
  /** Runs a schedule now, for every company that installed the extension, and waits until its handlers are done. */
  runSchedule(name: string): Promise<void>;
  /** Waits until no work is queued any more. */
  idle(): Promise<void>;
  /** Every line that the functions and the gateway logged. */
  logs(): string[];
  close(): Promise<void>;
}

/** Says of calls what a browser and `fyndExtension.fetch` say of them. */
class PageBrowser extends Browser {
  readonly #company: number;

  constructor(world: World, company: number) {
    super(world);
    this.#company = company;
  }

  override fetch(path: string, init: RequestInit = {}): Promise<Response> {
    if (!path.startsWith('/api/')) return super.fetch(path, init);
    const said = { 'sec-fetch-site': 'same-origin', 'x-company-id': String(this.#company) };
    return super.fetch(path, { ...init, headers: { ...said, ...Object.fromEntries(new Headers(init.headers)) } });
  }
}

/**
 * Starts the extension with everything that is real on this machine: bundles, functions, tables, queue. Takes some seconds:
 * once in `beforeAll`, and `close` in `afterAll`. The configuration is the author's, or that which `EXTENSION_CONFIG` names.
 */
export async function startExtension(own: OwnValues = {}): Promise<RunningExtension> {
  await putOwnValues(own);
  const dataDir = mkdtempSync(join(tmpdir(), 'extension-'));
  const remove = () => rmSync(dataDir, { recursive: true, force: true });
  const configFile = process.env['EXTENSION_CONFIG'] ?? 'extension.config.ts';
  const local = await startWorld({ dataDir, configFile }).catch((error: unknown) => {
    remove();
    throw error;
  });
  const { extension, world } = local;
  const platform = new PlatformControl(world);
  const close = async () => {
    await local.close();
    remove();
  };
  return {
    baseUrl: world.baseUrl,
    panelUrl: (company = 1) => `${world.platformUrl}/company/${company}/extensions/${world.apiKey}`,
    platform,
    signIn: async (company = 1, user = 'owner') => {
      const browser = new PageBrowser(world, company);
      const response = await browser.signIn(company, user);
      if (response.status !== 302) {
        throw new Error(`Signing in as ${user} to company ${company} was answered ${response.status}.`);
      }
      // What a first sign-in queues: hooks, and the registration of webhooks.
      await extension.idle();
      return browser;
    },
    deliver: async (company, key, payload) => {
      const delivered = { company_id: String(company), state: 'delivered' };
      const before = (await platform.deliveries(delivered)).length;
      await platform.event(company, { event: key, payload });
      await platform.deliveries({ ...delivered, at_least: String(before + 1) }).catch((cause: unknown) => {
        throw new Error(`No ${key} was delivered: is it under \`events\`, and has company ${company} installed?`, {
          cause,
        });
      });
      await extension.idle();
    },
    runSchedule: async (name) => {
      await extension.runSchedule(name);
      await extension.idle();
    },
    idle: () => extension.idle(),
    logs: () => extension.logs(),
    close,
    [Symbol.asyncDispose]: close,
  };
}
