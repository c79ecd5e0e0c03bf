import { deepEqual, equal, match, ok } from 'node:assert/strict';
import type { Loss } from './drill.ts';

export const queue: Loss = {
  name: 'queue',
  lost: 'All that waits in the work queue or is a dead letter (purged, or the queue deleted: `npm run recreate` makes it again)',
  seen: 'A change that was not taken over. While there is no queue: webhooks and uninstalls are answered 503, sign-ins go on.',
  mends:
    'Hooks and registrations that were lost: by the company’s next launch or the sweep, within six hours. A lost run of a schedule: by the next run. Lost events: not at all, because the platform was answered 200. A lost uninstall: its grant is found dead by the sweep and is `reauthorize`, but nobody tells the hook.',
  run: 'The sweep. For each company that `npm run companies -- list` calls `reauthorize`: `curl -X POST …/fp/uninstall -H "content-type: application/json" -d \'{"company_id":"1","client_id":"…"}\'`, which has the platform asked and ends the installation if it is over.',
  async drill(drill) {
    const { control } = drill;
    const [sender, leaver, newcomer] = [drill.newCompany(), drill.newCompany(), drill.newCompany()];
    await drill.launch(sender);
    const cookie = await drill.launch(leaver);
    const platform = (company: number) => `^/service/platform/.*/company/${company}(/|$)`;
    const gates = await Promise.all(
      [sender, leaver, newcomer].map((company) => control.gate({ path: platform(company) })),
    );
    const events = ['lost-in-flight', 'lost-waiting'];
    for (const name of events) await drill.send(sender, name);
    await gates[0]?.held(1);
    await control.uninstall(leaver, { signed: 'none' });
    await gates[1]?.held(1);
    equal((await drill.signIn(newcomer)).status, 302);
    // The hook and the registration, each in a group of its own.
    await gates[2]?.held(2);
    const before = await drill.extension.countMessages();
    ok(before.waiting + before.inFlight >= 5, JSON.stringify(before));

    await drill.restart({ losing: 'queues.journal' });
    for (const gate of gates) await gate.open();
    await drill.extension.idle();
    for (const name of events) equal(drill.handled(name), 0);
    // The platform has its 200.
    deepEqual(await control.deliveries({ company_id: String(sender), state: 'retrying' }), []);
    equal((await drill.row(leaver))?.['status'], 'installed');
    const isKnown = async () => [
      drill.told('installed', newcomer),
      'registered' in ((await drill.row(newcomer)) ?? {}),
    ];
    deepEqual(await isKnown(), [0, false]);
    ok(await drill.handlesEvent(sender));
    // Its own token no longer works: the person is sent to the platform, which knows.
    equal((await drill.seenBy(cookie, leaver))[2], 401);

    await drill.command('infra/operations/schedule.ts', ['sweep', '--local']);
    await drill.extension.idle();
    deepEqual(await isKnown(), [1, true]);
    ok(await drill.handlesEvent(newcomer));
    equal((await drill.row(leaver))?.['status'], 'reauthorize');
    equal(drill.told('uninstalled', leaver), 0);
    match(
      await drill.command('infra/operations/companies.ts', ['list', '--local']),
      new RegExp(`company ${leaver} +reauthorize`),
    );

    equal((await drill.tellUninstall(leaver)).status, 200);
    await drill.extension.idle();
    deepEqual([(await drill.row(leaver))?.['status'], drill.told('uninstalled', leaver)], ['uninstalled', 1]);
    deepEqual((await drill.seenBy(cookie, leaver)).slice(0, 2), [302, 401]);
  },
};
