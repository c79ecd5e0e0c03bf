import { afterAll, beforeAll, expect, test } from 'vitest';
import type { handler as Callback } from '../../functions/callback.ts';
import type { handler as Install } from '../../functions/install.ts';
import { sessionCookieName } from '../../shared/session/sessions.ts';
import { companyTenant } from '../../shared/tenant.ts';
import { startFlow } from './fixture/flow.ts';
import { startWorld, type World } from './fixture/world.ts';

let world: World;
let handlers: { install: typeof Install; callback: typeof Callback };
beforeAll(async () => {
  world = await startWorld({ hooks: { installed: './functions/x.ts' } });
  const { handler: install } = await import('../../functions/install.ts');
  const { handler: callback } = await import('../../functions/callback.ts');
  handlers = { install, callback };
});
afterAll(() => world.close());

for (const [what, warning] of [
  ['refuses', { refuses: true, isSilent: false }],
  ['never answers', { refuses: false, isSilent: true }],
] as const) {
  test(`a queue that ${what} spoils no sign-in, and the next one makes up for it`, async () => {
    const flow = startFlow(world, handlers);
    Object.assign(world.queue, warning);
    const answer = await flow.comeBack(flow.withCode(await flow.launch()));
    expect([answer.status, answer.log['warning']]).toEqual([302, 'work_not_queued']);
    expect(answer.log['duration_ms']).toBeLessThan(29_000);
    expect(flow.browser.names).toEqual([sessionCookieName(companyTenant(flow.company))]);
    expect(world.queue.sent).toEqual([]);

    Object.assign(world.queue, { refuses: false, isSilent: false });
    expect((await flow.comeBack(flow.withCode(await flow.launch()))).log['warning']).toBeUndefined();
    expect(world.queue.sent.splice(0)).toMatchObject([{ message: { hook: 'installed', company: flow.company } }]);
  });
}
