import { expect, test } from 'vitest';
import { settleAll } from '../../shared/settle-all.ts';

test('what fails is thrown when all is over, so that nothing runs on', async () => {
  const slow = Promise.withResolvers<string>();
  let isOver = false;
  const all = settleAll([Promise.reject(new Error('refused')), slow.promise]).finally(() => {
    isOver = true;
  });
  await Promise.resolve();
  expect(isOver).toBe(false);
  slow.resolve('done');
  await expect(all).rejects.toThrow('refused');
  expect(await settleAll([Promise.resolve(1), Promise.resolve('b')])).toEqual([1, 'b']);
});
