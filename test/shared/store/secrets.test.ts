import { type GetSecretValueCommand, ResourceNotFoundException } from '@aws-sdk/client-secrets-manager';
import { describe, expect, test } from 'vitest';
import { deriveSealingKey } from '../../../shared/sealing.ts';
import { Secrets } from '../../../shared/store/secrets.ts';

/** Secrets Manager with one secret, and a clock that stands until it is moved. */
function startSecrets(current: string | undefined) {
  const held = { current, previous: undefined as string | undefined, failing: false, nowMs: 0, asked: 0 };
  const send = ({ input }: GetSecretValueCommand) => {
    held.asked += 1;
    if (held.failing) return Promise.reject(new Error('Secrets Manager is not to be reached.'));
    const value = input.VersionStage === 'AWSPREVIOUS' ? held.previous : held.current;
    if (value !== undefined) return Promise.resolve({ SecretString: value });
    return Promise.reject(new ResourceNotFoundException({ message: 'none', $metadata: {} }));
  };
  const secrets = new Secrets({ send }, () => held.nowMs);
  return { held, secrets, keys: secrets.keyRing('session-key') };
}

const kidOf = (secret: string) => deriveSealingKey(secret).kid;

describe('a secret', () => {
  test('is asked for once in five minutes, also by many at once', async () => {
    const { held, secrets } = startSecrets('CANARY-1');
    const values = await Promise.all([secrets.value('a'), secrets.value('a'), secrets.value('a')]);
    expect(values).toEqual(['CANARY-1', 'CANARY-1', 'CANARY-1']);
    expect(held.asked).toBe(1);
    held.current = 'CANARY-2';
    held.nowMs = 299_999;
    expect(await secrets.value('a')).toBe('CANARY-1');
    held.nowMs = 300_000;
    expect(await secrets.value('a')).toBe('CANARY-2');
    expect(held.asked).toBe(2);
  });

  test('stays as it was while Secrets Manager cannot be reached', async () => {
    const { held, secrets } = startSecrets('CANARY-1');
    await secrets.value('a');
    held.failing = true;
    held.nowMs = 400_000;
    expect(await secrets.value('a')).toBe('CANARY-1');
    held.failing = false;
    held.current = 'CANARY-2';
    held.nowMs = 800_000;
    expect(await secrets.value('a')).toBe('CANARY-2');
  });

  test('stays as it was without another wait, where Secrets Manager did not answer for another just now', async () => {
    const { held, secrets } = startSecrets('CANARY-1');
    await Promise.all([secrets.value('a'), secrets.value('b')]);
    held.failing = true;
    held.nowMs = 400_000;
    await secrets.value('a');
    const { asked } = held;
    expect(await secrets.value('b')).toBe('CANARY-1');
    expect(held.asked).toBe(asked);
    Object.assign(held, { failing: false, current: 'CANARY-2', nowMs: 430_000 });
    expect(await secrets.value('b')).toBe('CANARY-2');
  });

  test('that was never read fails, and is asked for again at the next request', async () => {
    const { held, secrets } = startSecrets('CANARY-1');
    held.failing = true;
    await expect(secrets.value('a')).rejects.toThrow('not to be reached');
    held.failing = false;
    expect(await secrets.value('a')).toBe('CANARY-1');
  });

  test('that has no value says so without showing anything', async () => {
    const secrets = new Secrets({ send: () => Promise.resolve({}) }, () => 0);
    await expect(secrets.value('arn:aws:secretsmanager:r:1:secret:api-key')).rejects.toThrow(
      'api-key has no value yet',
    );
  });
});

describe('the keys in a secret', () => {
  test('are the current one and, once it was rotated, the previous one', async () => {
    const { held, keys } = startSecrets('CANARY-1');
    expect((await keys.current()).kid).toBe(kidOf('CANARY-1'));
    expect((await keys.find(kidOf('CANARY-1')))?.kid).toBe(kidOf('CANARY-1'));
    Object.assign(held, { current: 'CANARY-2', previous: 'CANARY-1', nowMs: 300_000 });
    expect((await keys.current()).kid).toBe(kidOf('CANARY-2'));
    expect((await keys.find(kidOf('CANARY-1')))?.kid).toBe(kidOf('CANARY-1'));
    expect((await keys.find(kidOf('CANARY-2')))?.kid).toBe(kidOf('CANARY-2'));
    Object.assign(held, { current: 'CANARY-3', previous: 'CANARY-2', nowMs: 600_000 });
    expect(await keys.find(kidOf('CANARY-1'))).toBeUndefined();
  });

  test('that another instance began to use are found before five minutes are over', async () => {
    const { held, keys } = startSecrets('CANARY-1');
    await keys.current();
    Object.assign(held, { current: 'CANARY-2', previous: 'CANARY-1', nowMs: 31_000 });
    expect((await keys.find(kidOf('CANARY-2')))?.kid).toBe(kidOf('CANARY-2'));
  });

  test('that nobody has are looked for at most every 30 seconds, however often somebody sends their name', async () => {
    const { held, keys } = startSecrets('CANARY-1');
    expect(await keys.find('unknown')).toBeUndefined();
    const { asked } = held;
    for (let time = 0; time < 100; time++) expect(await keys.find(`unknown-${time}`)).toBeUndefined();
    expect(held.asked).toBe(asked);
    held.nowMs = 30_000;
    await keys.find('unknown');
    expect(held.asked).toBe(asked + 2);
  });
});
