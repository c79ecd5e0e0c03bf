import { equal, match, ok } from 'node:assert/strict';
import { DeleteTableCommand, waitUntilTableNotExists } from '@aws-sdk/client-dynamodb';
import { type Drill, type Loss, products } from './drill.ts';

const recreate = 'infra/operations/recreate.ts';

async function deleteTable(drill: Drill, variable: string): Promise<void> {
  const TableName = drill.resource(variable);
  await drill.dynamoDb.send(new DeleteTableCommand({ TableName }));
  const client = drill.dynamoDb;
  await waitUntilTableNotExists({ client, minDelay: 1, maxDelay: 1, maxWaitTime: 10 }, { TableName });
}

const sameOrigin = { 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' };

export const cacheTable: Loss = {
  name: 'cache',
  lost: 'The table UserCache, deleted by hand',
  seen: 'Pages and calls are answered 503, with when to come again. People can still sign in, and see the same then. Events, hooks and schedules go on.',
  mends:
    'Nothing: a deployment does not make it again. Once it is there, everything works at once. Who signed out within a day is signed out no more where somebody kept a copy of the cookie: end all sessions where that matters.',
  run: '`npm run recreate`',
  async drill(drill) {
    const [company, other] = [drill.newCompany(), drill.newCompany()];
    const [person, leaver, reader] = [
      await drill.launch(company),
      await drill.launch(company, 'catalog'),
      await drill.launch(other),
    ];
    const cookieOfLeaver = leaver.copy();
    for (const status of ['stored', 'hit']) match((await cacheStatus(person, company)) ?? '', new RegExp(status));
    const left = await leaver.fetch('/api/session', { method: 'DELETE', headers: sameOrigin });
    equal(left.status, 204);
    equal((await drill.seenBy(cookieOfLeaver, company))[1], 401);

    // Read before a write, and answered after the table is gone: an answer of before the write.
    const path = products(other).replace('/api', '/service');
    const gate = await drill.control.gate({ method: 'GET', path }, 'answer');
    const reading = reader.copy().fetch(products(other));
    await gate.held(1);
    const written = await reader.copy().fetch(products(other), { method: 'POST', body: '{}', headers: sameOrigin });
    ok(written.status < 500, `A write was answered ${written.status}.`);
    await deleteTable(drill, 'USER_CACHE_TABLE');
    await gate.open();
    equal((await reading).status, 200);

    for (const browser of [person, cookieOfLeaver]) {
      const answer = await browser.copy().fetch(products(company));
      equal(answer.status, 503);
      ok(Number(answer.headers.get('retry-after')) > 0);
    }
    deepPage(await person.copy().fetch(`/company/${company}`, { headers: { accept: 'text/html' } }));
    const newcomer = await drill.launch(company, 'catalog');
    equal((await drill.seenBy(newcomer, company))[0], 503);
    ok(await drill.handlesEvent(company));

    match(
      await drill.command(recreate, ['--local'], 1),
      /^Missing: the table of stored responses.* Nothing was changed\.\n$/,
    );
    match(
      await drill.command(recreate, ['--local', '--yes', '--wait', '0']),
      /1 of the extension on this machine are there again/,
    );
    match(await drill.command(recreate, ['--local']), /^Nothing of the extension on this machine is missing/);

    for (const browser of [person, newcomer]) equal((await drill.seenBy(browser, company)).join(), '200,200,200');
    // Asked of the platform anew, by everybody: nothing of before is in the new table.
    for (const [browser, id] of [
      [reader, other],
      [newcomer, company],
    ] as const) {
      await drill.control.forgetRequests();
      await (await browser.copy().fetch(`${products(id)}?page_no=2`)).text();
      equal((await drill.control.requests('/service/platform/catalog/')).length, 1);
    }
    await drill.control.forgetRequests();
    match((await cacheStatus(reader, other)) ?? '', /uri-miss; stored/);
    equal((await drill.control.requests('/service/platform/catalog/')).length, 1);
    equal((await person.copy().fetch(products(other), { headers: { 'x-company-id': String(company) } })).status, 403);
    // As the document says.
    equal((await drill.seenBy(cookieOfLeaver, company)).join(), '200,200,200');
  },
};

export const deliveriesTable: Loss = {
  name: 'deliveries',
  lost: 'The table Deliveries, deleted by hand',
  seen: 'Nothing: the platform is answered 200, and events wait. After eight minutes of that they are dead letters.',
  mends:
    'What still waits is handled once the table is there. An event that the platform sends again within 30 days may be handled twice.',
  run: '`npm run recreate`, then `npm run redrive`',
  async drill(drill) {
    const company = drill.newCompany();
    await drill.launch(company);
    equal(await drill.timesHandled(company, 'twice'), 1);
    equal(await drill.timesHandled(company, 'twice'), 1);
    await deleteTable(drill, 'DELIVERIES_TABLE');
    equal(await drill.timesHandled(company, 'waits'), 0);
    equal((await drill.extension.countMessages()).dead, 1);
    await drill.command(recreate, ['--local', '--yes', '--wait', '0']);
    match(await drill.command('infra/operations/redrive.ts', ['--local']), /1 dead letter was sent again/);
    await drill.extension.idle();
    equal(drill.handled('waits'), 1);
    ok(await drill.handlesEvent(company));
  },
};

async function cacheStatus(browser: { fetch(path: string): Promise<Response> }, company: number) {
  const answer = await browser.fetch(products(company));
  equal(answer.status, 200);
  await answer.body?.cancel();
  return answer.headers.get('cache-status');
}

function deepPage(answer: Response): void {
  equal(answer.status, 503);
  match(answer.headers.get('content-type') ?? '', /text\/html/);
}
