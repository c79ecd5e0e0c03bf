import type { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { expect, test } from 'vitest';
import { judgeRotation, type KeyName, keyNames } from '../../../infra/operations/rotate/rotation.ts';
import { readValues } from '../../../infra/operations/rotate/secret-values.ts';

const minutes = 60_000;
const hours = 60 * minutes;
const value = (text: string, putAtMs: number) => ({ text, putAtMs, versionId: text });
const rules = { maxSessionHours: 24, isRead: false, isLeaked: false };

test('a value that was announced may be used when every instance has read it', () => {
  const values = { current: value('1', 0), previous: undefined, next: value('2', 1 * hours) };
  for (const key of keyNames) {
    expect(judgeRotation(key, values, rules)).toEqual({
      phase: 'announced',
      sinceMs: 1 * hours,
      nextFromMs: 1 * hours + 16 * minutes,
    });
  }
  expect(judgeRotation('token', values, { ...rules, isRead: true }).nextFromMs).toBe(1 * hours);
});

test.each<[KeyName, number, number]>([
  ['session', 25 * hours + 1 * minutes, 0],
  ['token', 61 * minutes, 61 * minutes],
  ['webhook', 72 * hours, 16 * minutes],
  ['api-secret', 24 * hours, 0],
  ['edge', 16 * minutes, 0],
])(
  'the %s before counts as long as something may rest on it, and a leaked one no longer than it must',
  (key, full, leaked) => {
    const values = { current: value('2', 5 * hours), previous: value('1', 0), next: value('2', 4 * hours) };
    expect(judgeRotation(key, values, rules)).toEqual({
      phase: 'in_use',
      sinceMs: 5 * hours,
      nextFromMs: 5 * hours + full,
    });
    expect(judgeRotation(key, values, { ...rules, isLeaked: true }).nextFromMs).toBe(5 * hours + leaked);
  },
);

test('a value that is its own predecessor, a first one, and one that came past an announcement are at rest', () => {
  const current = value('2', 5 * hours);
  const atRest = { phase: 'at_rest', sinceMs: 5 * hours, nextFromMs: undefined };
  for (const previous of [undefined, value('2', 4 * hours)]) {
    for (const next of [undefined, value('2', 3 * hours), value('9', 4 * hours)]) {
      expect(judgeRotation('token', { current, previous, next }, rules)).toEqual(atRest);
    }
  }
});

test('the values of a secret are those of one moment, whoever puts one between two looks', async () => {
  const stages: Record<string, string> = { AWSCURRENT: '1', AWSPREVIOUS: '0' };
  const looks: string[] = [];
  const send = ({ input: { VersionStage = '' } }: GetSecretValueCommand) => {
    looks.push(VersionStage);
    if (looks.length === 2) Object.assign(stages, { AWSCURRENT: '2', AWSPREVIOUS: '1' });
    const name = stages[VersionStage];
    return Promise.resolve({ SecretString: name, VersionId: name, CreatedDate: new Date(0) });
  };
  const { current, previous } = await readValues({ send } as never, 'secret');
  expect([current.text, previous?.text]).toEqual(['2', '1']);
});
