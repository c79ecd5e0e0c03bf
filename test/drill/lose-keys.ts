import { deepEqual, equal, ok } from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { Browser } from '../flow/browser.ts';
import type { Drill, Loss } from './drill.ts';

/** The value that is in use is neither the current nor the previous one any more, and every instance knows. */
async function loseSecret(drill: Drill, variable: string): Promise<void> {
  for (const value of ['a', 'b']) {
    const SecretString = `CANARY-${value}-${crypto.randomUUID()}`;
    await drill.secrets.send(new PutSecretValueCommand({ SecretId: drill.resource(variable), SecretString }));
  }
  await drill.restart();
}

export const sessionKey: Loss = {
  name: 'session-key',
  lost: 'The session key: the value in use is gone',
  seen: 'Everybody signs in again, once. Who was between the consent and the callback begins again (400).',
  mends: 'All of it, by itself. Installations, tokens, events and schedules know nothing of this key.',
  run: 'Nothing',
  async drill(drill) {
    const companies = drill.newCompanies();
    const cookies = new Map(
      await Promise.all(companies.map(async (company) => [company, await drill.launch(company)] as const)),
    );
    const rows = await drill.rows();
    const underWay = new Browser(drill.world);
    const back = await underWay.consent(companies[0] as number, 'owner');
    await loseSecret(drill, 'SESSION_KEY_SECRET_ID');
    equal((await underWay.fetch(back, { headers: { accept: 'text/html' } })).status, 400);
    for (const [company, cookie] of cookies) {
      deepEqual(await drill.seenBy(cookie, company), [302, 401, 401]);
      deepEqual(await drill.seenBy(await drill.launch(company, 'catalog'), company), [200, 200, 200]);
      ok(await drill.handlesEvent(company));
    }
    deepEqual(await drill.rows(), rows);
  },
};

export const tokenKey: Loss = {
  name: 'token-key',
  lost: 'The token key: no stored token can be opened',
  seen: 'Nothing on pages. Changes that background work should have taken over do not show up.',
  mends:
    'Each company by its next launch by a person with all permissions: a new installation, whose hook `installed` is told. Until then its row is `reauthorize`, and its events and runs are `not_installed`; none of them becomes a dead letter.',
  run: 'Nothing; where people do not come by themselves, ask them to open the extension (`npm run companies -- list`)',
  async drill(drill) {
    const companies = drill.newCompanies();
    const cookies = new Map(
      await Promise.all(companies.map(async (company) => [company, await drill.launch(company)] as const)),
    );
    await loseSecret(drill, 'TOKEN_KEY_SECRET_ID');
    await drill.extension.runSchedule('hourly');
    await drill.extension.idle();
    for (const [company, cookie] of cookies) {
      equal((await drill.row(company))?.['status'], 'reauthorize');
      ok(!(await drill.handlesEvent(company)));
      deepEqual(await drill.seenBy(cookie, company), [200, 200, 200]);
      deepEqual(await drill.seenBy(await drill.launch(company, 'catalog'), company), [200, 200, 200]);
      // Nobody can ask the platform with that token: whoever says that it uninstalled proves nothing.
      await drill.tellUninstall(company);
      await drill.extension.idle();
      equal((await drill.row(company))?.['status'], 'reauthorize');
      await drill.launch(company);
      deepEqual([(await drill.row(company))?.['status'], drill.told('installed', company)], ['installed', 2]);
      ok(await drill.handlesEvent(company));
      deepEqual(await drill.seenBy(cookie, company), [302, 401, 401]);
    }
  },
};

export const webhookKey: Loss = {
  name: 'webhook-key',
  lost: 'The webhook key: what the platform signs is not known',
  seen: 'Changes that do not show up: deliveries are refused (403), and the platform tries them again.',
  mends:
    'The sweep registers every company under the new key, within six hours. What the platform held back comes then.',
  run: 'The sweep, at once',
  async drill(drill) {
    const companies = drill.newCompanies();
    for (const company of companies) await drill.launch(company);
    await loseSecret(drill, 'WEBHOOK_KEY_SECRET_ID');
    for (const company of companies) {
      await drill.send(company, `held-back-${company}`);
      const failed = await drill.control.deliveries({ company_id: String(company), state: 'failed', at_least: '1' });
      equal(failed.at(-1)?.attempts.at(-1)?.status, 403);
    }
    await drill.command('infra/operations/schedule.ts', ['sweep', '--local']);
    await drill.extension.idle();
    for (const company of companies) ok(await drill.handlesEvent(company));
  },
};

export const apiSecret: Loss = {
  name: 'api-secret',
  lost: 'The API secret: the stored one is not the platform’s',
  seen: 'Nobody can sign in (502). Who is signed in goes on. Background work stands still as soon as a token has to be refreshed.',
  mends:
    'Nothing, and nothing breaks: no grant is given up. Events wait; those that wait for more than eight minutes are dead letters.',
  run: '`npm run configure`, and fifteen minutes later `npm run redrive`',
  async drill(drill) {
    const company = drill.newCompany();
    const cookie = await drill.launch(company);
    await drill.restart();
    const SecretId = drill.resource('API_SECRET_SECRET_ID');
    await drill.secrets.send(new PutSecretValueCommand({ SecretId, SecretString: 'CANARY-another-secret' }));
    deepEqual(await drill.seenBy(cookie, company), [200, 200, 200]);
    // The page that looks whether this was the second of two, then the refusal.
    const person = new Browser(drill.world);
    const back = await person.consent(company, 'catalog');
    const headers = { accept: 'text/html' };
    const first = await person.fetch(back, { headers });
    equal(first.status, 200);
    equal((await person.fetch(`${back}&returned=1`, { headers })).status, 502);
    await drill.control.expireTokens({ company_id: String(company), access_mode: 'offline' });
    const name = `waits-${company}`;
    const path = `/service/panel/authentication/v1.0/company/${company}/oauth/token`;
    const refused = async () => (await drill.control.requests(path)).filter(({ status }) => status === 401).length;
    const before = await refused();
    await drill.send(company, name);
    while ((await refused()) === before) await wait(50);
    deepEqual([(await drill.row(company))?.['status'], drill.handled(name)], ['installed', 0]);
    // It begins with the right one, as instances do a quarter of an hour after it was stored.
    await drill.restart();
    await drill.extension.idle();
    deepEqual([(await drill.row(company))?.['status'], drill.handled(name)], ['installed', 1]);
    equal((await drill.signIn(company, 'catalog')).status, 302);
    ok(await drill.handlesEvent(company));
  },
};
