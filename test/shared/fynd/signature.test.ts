import { sign as signOfficially } from '@gofynd/fp-signature';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { signatureDate, signV1 } from '../../../shared/fynd/signature.ts';
import vectors from './fynd-signatures.json' with { type: 'json' };

const lower = (headers: Record<string, string>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

describe('the v1 request signature', () => {
  for (const vector of vectors.signatures.filter(({ lib }) => lib === 'v1')) {
    test(`agrees with the published vector «${vector.name}»`, () => {
      const { method, path, host, headers, body } = vector.request;
      const signature = signV1(
        { method, target: path, headers: { host, ...lower(headers) }, body: body ?? '' },
        vector.date,
      );
      expect(signature).toBe(vector.signature);
    });
  }

  test('agrees with the official library for any path, query and body', () => {
    const segment = fc.stringMatching(/^[A-Za-z0-9 %~'()*!:;@&=+$,.\u00e9\u0939-]{1,8}$/).map(encodeURIComponent);
    const pair = fc.tuple(fc.stringMatching(/^[a-c\u00e9]{1,2}$/), fc.stringMatching(/^[a-z0-9 %+&=\u0939]{0,5}$/));
    fc.assert(
      fc.property(
        fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
        fc.array(segment, { minLength: 1, maxLength: 5 }),
        fc.array(pair, { maxLength: 4 }),
        fc.string({ maxLength: 20, unit: 'binary' }),
        fc.boolean(),
        (method, segments, pairs, body, trailingSlash) => {
          fc.pre(!segments.some((each) => each === '.' || each === '..'));
          const query = pairs
            .map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`)
            .join('&');
          const target = `/service/${segments.join('/')}${trailingSlash ? '/' : ''}${query ? `?${query}` : ''}`;
          const date = '20260115T103000Z';
          const headers = { host: 'api.fynd.com', 'x-fp-date': date };
          const official = signOfficially({ method, host: 'api.fynd.com', path: target, headers, body });
          expect(signV1({ method, target, headers, body }, date)).toBe(official['x-fp-signature']);
        },
      ),
    );
  });

  test('is dated in UTC without punctuation', () => {
    expect(signatureDate(new Date('2024-01-15T10:30:00.123Z'))).toBe('20240115T103000Z');
  });
});
