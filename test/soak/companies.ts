import { setTimeout as wait } from 'node:timers/promises';
import { Browser } from '../flow/browser.ts';
import type { Deed, Evidence, SentEvent } from './evidence.ts';
import type { SoakWorld } from './soak-world.ts';

const eventKey = 'company/product/update/v1';

const patienceTries = 20;

/** Uninstalls are told of like this; the date of a `v2` signature counts by itself. */
export type Signed = 'none' | 'webhook' | 'v2';

/** What people and the platform do to a company. Each is repeated until it succeeds, as people and the platform do. */
export class Companies {
  readonly #soak: SoakWorld;
  readonly #evidence: Evidence;
  /** Companies that somebody is installing, launching or uninstalling: one at a time, so that it is clear what holds. */
  readonly #taken = new Set<string>();
  readonly #uninstalled = new Set<string>();
  readonly #toldUndated = new Set<string>();

  constructor(soak: SoakWorld, evidence: Evidence) {
    this.#soak = soak;
    this.#evidence = evidence;
  }

  isUninstalled = (company: string): boolean => this.#uninstalled.has(company);

  /** Does nothing where the company is taken. */
  async withCompany(company: string, act: () => Promise<void>): Promise<void> {
    if (this.#taken.has(company)) return;
    this.#taken.add(company);
    try {
      await act();
    } finally {
      this.#taken.delete(company);
    }
  }

  /** A person installs, or opens what is installed. */
  async signIn(company: string, what: 'install' | 'launch'): Promise<void> {
    const parameters: Record<string, string> = what === 'install' ? { install_event: 'true' } : {};
    await this.#insist(company, what, async () => {
      const answer = await new Browser(this.#soak.world).signIn(Number(company), 'owner', parameters);
      await answer.body?.cancel();
      return answer.status === 302 ? undefined : `the callback answered ${answer.status}`;
    });
    this.#uninstalled.delete(company);
  }

  async autoInstall(company: string): Promise<void> {
    await this.#insist(company, 'auto-install', async () => {
      const { status } = await this.#soak.control.autoInstall(Number(company), { scopes: ['company/products'] });
      return status === 200 ? undefined : `the extension answered ${status}`;
    });
    this.#uninstalled.delete(company);
  }

  /** At the platform; nobody is told. */
  async uninstall(company: string): Promise<void> {
    const deed = this.#evidence.begin(company, 'uninstall');
    this.#uninstalled.add(company);
    await this.#soak.control.uninstall(Number(company));
    deed.until = Date.now();
  }

  /**
   * Tells the extension of the last uninstall. `late`: with its date, even though the company installed again.
   *
   * Without a signature, a second call for the same company within the hour may be asked about at its end, for which no
   * soak waits: so it is told like this only once.
   */
  async tellUninstall(
    company: string,
    signed: Signed,
    options: { late?: boolean; delay_ms?: number } = {},
  ): Promise<void> {
    const dated = this.#toldUndated.has(company);
    if (signed !== 'v2') this.#toldUndated.add(company);
    await this.#insist(company, 'uninstall told', async () => {
      const which = options.late ? { late: true } : { notify_only: true };
      const how = { ...which, ...options, signed: dated ? 'v2' : signed };
      const { notified } = await this.#soak.control.uninstall(Number(company), how);
      return notified?.endsWith(' 200') ? undefined : (notified ?? 'nobody was told');
    });
  }

  /** Somebody says that the company uninstalled, and it did not. */
  async forgeUninstall(company: string): Promise<void> {
    if (this.#toldUndated.has(company)) return;
    this.#toldUndated.add(company);
    await this.#soak.control.uninstall(Number(company), { notify_only: true, signed: 'none' });
  }

  /** Undefined where nobody subscribed. `force`: sent although nobody did. */
  async sendEvent(
    company: string,
    milliseconds: number,
    options: { force?: boolean; duplicate?: boolean } = {},
  ): Promise<SentEvent | undefined> {
    const event = this.#evidence.newEvent(company);
    const { skipped } = (await this.#soak.control.event(Number(company), {
      event: eventKey,
      id: `soak-${event.seq}`,
      payload: { seq: event.seq, milliseconds },
      ...options,
    })) as { skipped: string | null };
    if (skipped !== null) return undefined;
    await event.finished.promise;
    return event;
  }

  async #insist(company: string, what: Deed['what'], act: () => Promise<string | undefined>): Promise<void> {
    const deed = this.#evidence.begin(company, what);
    for (let tries = 1; ; tries += 1) {
      const refusal = await act().catch((error: unknown) => (error instanceof Error ? error.message : 'no answer'));
      deed.answer = refusal ?? `after ${tries} ${tries === 1 ? 'try' : 'tries'}`;
      if (refusal === undefined) break;
      if (tries === patienceTries) throw new Error(`${what} of company ${company} does not succeed: ${refusal}`);
      await wait(250);
    }
    deed.until = Date.now();
  }
}
