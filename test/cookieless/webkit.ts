import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { findFreePort } from '../../infra/local/host/listen.ts';

const find = (...paths: readonly string[]): string | undefined => paths.find((path) => existsSync(path));

interface Programs {
  readonly driver: string;
  readonly browser: string;
  readonly display: string;
}

/**
 * Debian's WebKit and what drives and shows it; undefined where one is missing, which is said by the name of the test that
 * is skipped.
 * @throws in CI, where nothing may be skipped.
 */
export function findWebKit(testFile: string): Programs | undefined {
  const driver = find('/usr/bin/WebKitWebDriver');
  const browser = find(
    ...['x86_64-linux-gnu', 'aarch64-linux-gnu'].map((triple) => `/usr/lib/${triple}/webkit2gtk-4.1/MiniBrowser`),
  );
  const display = find('/usr/bin/Xvfb');
  if (driver && browser && display) return { driver, browser, display };
  const sentence = `${testFile}: no WebKit here. Run: apt-get install webkit2gtk-driver xvfb`;
  if (process.env['CI'] !== undefined) throw new Error(sentence);
  console.warn(`SKIPPED ${sentence}`);
  return undefined;
}

/** A command in a frame that is just being replaced may never come back. */
const commandMs = 8_000;
const patienceMs = 45_000;
const elementKey = 'element-6066-11e4-a52e-4f735466cecf';
/** What a command says whose page, frame or element is just being replaced: it is worth another try. */
const passing =
  /no such (element|frame|window)|stale element|javascript error|not interactable|unknown error|fetch failed|aborted due to timeout/;

/** One window system, one browser, one session (https://www.w3.org/TR/webdriver2/): MiniBrowser has no more. */
export class WebKit {
  readonly #origin: string;
  readonly #processes: readonly ChildProcess[];
  #session = '';

  private constructor(origin: string, processes: readonly ChildProcess[]) {
    this.#origin = origin;
    this.#processes = processes;
  }

  static async launch({ driver, browser, display }: Programs): Promise<WebKit> {
    const screen = `:${((await findFreePort()) % 900) + 90}`;
    const processes = [
      spawn(display, [screen, '-screen', '0', '1280x900x24', '-nolisten', 'tcp'], { stdio: 'ignore' }),
    ];
    const port = await findFreePort();
    processes.push(
      spawn(driver, [`--port=${port}`, '--host=127.0.0.1'], {
        stdio: 'ignore',
        env: { PATH: process.env['PATH'], HOME: process.env['HOME'], DISPLAY: screen, GDK_BACKEND: 'x11' },
      }),
    );
    const webkit = new WebKit(`http://127.0.0.1:${port}`, processes);
    await webkit.#until(() => webkit.#call('GET', '/status'));
    const capabilities = {
      acceptInsecureCerts: true,
      pageLoadStrategy: 'none',
      'webkitgtk:browserOptions': { binary: browser, args: ['--automation'] },
    };
    const made = await webkit.#until(() =>
      webkit.#call('POST', '/session', { capabilities: { alwaysMatch: capabilities } }),
    );
    webkit.#session = `/session/${(made as { sessionId: string }).sessionId}`;
    return webkit;
  }

  async #call(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.#origin}${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(commandMs),
    });
    const { value } = (await response.json()) as { value: unknown };
    if (response.ok) return value;
    const { error, message } = value as { error: string; message: string };
    throw new Error(`${error}: ${message}`);
  }

  /** A page tells a driver of no events: it is asked again until it has come so far. */
  async #until<Found>(attempt: () => Promise<Found>): Promise<NonNullable<Found>> {
    const givesUpAt = Date.now() + patienceMs;
    for (;;) {
      let reason: unknown = 'nothing was there';
      try {
        const found = await attempt();
        if (found !== undefined && found !== null && found !== false) return found;
      } catch (error) {
        reason = error;
        if (!(error instanceof Error && passing.test(error.message))) throw error;
      }
      if (Date.now() > givesUpAt) throw new Error(`WebKit did not come so far: ${String(reason)}`);
      await pause(100);
    }
  }

  async open(url: string): Promise<void> {
    await this.#call('POST', `${this.#session}/url`, { url });
  }

  /** Of the frame that is at hand. */
  async evaluate(expression: string): Promise<unknown> {
    return await this.#call('POST', `${this.#session}/execute/sync`, { script: `return ${expression}`, args: [] });
  }

  /** What the expression is as soon as it is something, in the frame with this selector, or in the page itself. */
  async see(expression: string, frame?: string): Promise<unknown> {
    return await this.#until(async () => {
      await this.#into(frame);
      return await this.evaluate(expression);
    });
  }

  async click(selector: string, frame?: string): Promise<void> {
    await this.#until(async () => {
      await this.#into(frame);
      const element = (await this.#find(selector)) as Record<string, string>;
      await this.#call('POST', `${this.#session}/element/${element[elementKey]}/click`, {});
      return true;
    });
  }

  async #find(selector: string): Promise<unknown> {
    return await this.#call('POST', `${this.#session}/element`, { using: 'css selector', value: selector });
  }

  async #into(frame: string | undefined): Promise<void> {
    await this.#call('POST', `${this.#session}/frame`, { id: null });
    if (frame !== undefined) await this.#call('POST', `${this.#session}/frame`, { id: await this.#find(frame) });
  }

  async windows(): Promise<string[]> {
    return (await this.#call('GET', `${this.#session}/window/handles`)) as string[];
  }

  async close(): Promise<void> {
    if (this.#session !== '') await this.#call('DELETE', this.#session).catch(() => undefined);
    for (const each of this.#processes.toReversed()) each.kill();
  }
}
