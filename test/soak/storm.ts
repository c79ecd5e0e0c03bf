import { setTimeout as wait } from 'node:timers/promises';
import type { Companies, Signed } from './companies.ts';
import { Random } from './random.ts';
import type { SoakWorld } from './soak-world.ts';
import { pause } from './trouble.ts';

const companyCount = 200;
/** The others stay installed from the beginning to the end. */
const comingAndGoing = 80;
const senders = 6;
/** More is not sent before some of it is handled: what waits when the storm is over has to be handled, too. */
const mostWaiting = 60;

export const allCompanies: readonly string[] = Array.from({ length: companyCount }, (_, index) => String(index + 1));
const restless = allCompanies.slice(-comingAndGoing);

/** Installs every company, half of them by a person, in good weather. */
export async function installEverybody(companies: Companies): Promise<void> {
  const left = [...allCompanies];
  const worker = async () => {
    for (let company = left.shift(); company !== undefined; company = left.shift()) {
      if (Number(company) % 2 === 0) await companies.signIn(company, 'install');
      else await companies.autoInstall(company);
    }
  };
  await Promise.all(Array.from({ length: 4 }, worker));
}

/** Events, launches, installs and uninstalls until `signal`; settles when whatever was begun is done. */
export async function storm(soak: SoakWorld, companies: Companies, seed: string, signal: AbortSignal): Promise<void> {
  const sending = Array.from({ length: senders }, (_, index) =>
    sendEvents(soak, companies, new Random(seed, `sender ${index}`), signal),
  );
  const acting = [0, 1].map((index) => comeAndGo(companies, new Random(seed, `company ${index}`), signal));
  await Promise.all([...sending, ...acting, launch(companies, new Random(seed, 'launch'), signal)]);
}

/** Now and then some at once for the same company, so that they wait for each other. */
async function sendEvents(
  { extension }: SoakWorld,
  companies: Companies,
  random: Random,
  signal: AbortSignal,
): Promise<void> {
  while (await pause(random.between(0, 150), signal)) {
    const company = random.pick(allCompanies);
    // Whether it is true is asked of the platform beside the company's events: both want its token.
    if (random.chance(0.5)) await companies.forgeUninstall(company);
    const burst = random.chance(0.5) ? 1 : random.between(2, 5);
    for (let index = 0; index < burst; index += 1) {
      const options = { force: random.chance(0.05), duplicate: random.chance(0.1) };
      await companies.sendEvent(company, random.between(1, 40), options);
    }
    for (let { waiting } = await extension.countMessages(); waiting > mostWaiting; ) {
      if (!(await pause(200, signal))) return;
      ({ waiting } = await extension.countMessages());
    }
  }
}

/** People open what is installed, which also mends what was lost. */
async function launch(companies: Companies, random: Random, signal: AbortSignal): Promise<void> {
  while (await pause(random.between(300, 1_500), signal)) {
    const company = random.pick(allCompanies);
    await companies.withCompany(company, async () => {
      if (!companies.isUninstalled(company)) await companies.signIn(company, random.chance(0.1) ? 'install' : 'launch');
    });
  }
}

async function comeAndGo(companies: Companies, random: Random, signal: AbortSignal): Promise<void> {
  while (await pause(random.between(200, 1_500), signal)) {
    const company = random.pick(restless);
    await companies.withCompany(company, async () => {
      if (companies.isUninstalled(company)) await install(companies, company, random);
      else await random.pick(waysToGo)(companies, company, random);
    });
  }
}

type Way = (companies: Companies, company: string, random: Random) => Promise<void>;

const install: Way = (companies, company, random) =>
  random.chance(0.5) ? companies.signIn(company, 'install') : companies.autoInstall(company);

const signatures: readonly Signed[] = ['none', 'webhook', 'v2'];

const waysToGo: readonly Way[] = [
  // Told at once; events that were under way still come.
  async (companies, company, random) => {
    await companies.uninstall(company);
    await companies.tellUninstall(company, random.pick(signatures));
    for (let count = random.between(0, 3); count > 0; count -= 1) {
      await companies.sendEvent(company, 1, { force: true });
      await wait(random.between(0, 300));
    }
  },
  // Told, and installed again before anybody can have acted upon it.
  async (companies, company, random) => {
    await companies.uninstall(company);
    await companies.tellUninstall(company, random.pick(signatures));
    await install(companies, company, random);
  },
  // Told only after the company has installed again.
  async (companies, company, random) => {
    await companies.uninstall(company);
    await wait(random.between(0, 500));
    await install(companies, company, random);
    await wait(random.between(0, 500));
    await companies.tellUninstall(company, random.pick(signatures), { late: true });
  },
  // Never told.
  async (companies, company, random) => {
    await companies.uninstall(company);
    await wait(random.between(0, 2_000));
    await install(companies, company, random);
  },
];
