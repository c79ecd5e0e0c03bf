import { expect, test } from 'vitest';
import { matchRoute } from '../../../infra/local/http-api/match-route.ts';

const routes = (...keys: string[]) => keys.map((key) => ({ key, functionId: key, timeoutMilliseconds: 1 }));
const matched = (keys: string[], method: string, path: string) => matchRoute(routes(...keys), method, path)?.route.key;

test('the most specific route wins, whatever the order', () => {
  const keys = ['$default', 'GET /a/{rest+}', 'GET /a/{id}', 'GET /a/b', 'GET /a/{id}/c'];
  for (const given of [keys, keys.toReversed()]) {
    expect(matched(given, 'GET', '/a/b')).toBe('GET /a/b');
    expect(matched(given, 'GET', '/a/x')).toBe('GET /a/{id}');
    expect(matched(given, 'GET', '/a/x/c')).toBe('GET /a/{id}/c');
    expect(matched(given, 'GET', '/a/x/y')).toBe('GET /a/{rest+}');
    expect(matched(given, 'GET', '/z')).toBe('$default');
    expect(matched(given, 'POST', '/a/b')).toBe('$default');
  }
});

test('a method is more specific than ANY, a static segment more than a method', () => {
  expect(matched(['ANY /a', 'GET /a'], 'GET', '/a')).toBe('GET /a');
  expect(matched(['ANY /a', 'GET /a'], 'PUT', '/a')).toBe('ANY /a');
  expect(matched(['ANY /a/b', 'GET /a/{id}'], 'GET', '/a/b')).toBe('ANY /a/b');
});

test('a greedy variable takes the rest, a trailing slash too, and at least something', () => {
  const keys = routes('ANY /api/platform/{path+}');
  expect(matchRoute(keys, 'GET', '/api/platform/a/b/')?.pathParameters).toEqual({ path: 'a/b/' });
  expect(matchRoute(keys, 'GET', '/api/platform/')).toBeUndefined();
  expect(matchRoute(keys, 'GET', '/api/platform')).toBeUndefined();
});

test('a variable takes exactly one segment that is not empty', () => {
  expect(matched(['GET /company/{id}'], 'GET', '/company/')).toBeUndefined();
  expect(matched(['GET /company/{id}'], 'GET', '/company/1/')).toBeUndefined();
  expect(matched(['GET /company/{id}'], 'GET', '/company/1/x')).toBeUndefined();
});

test('a slash too many matches no route, as where a base URL was pasted with one at its end', () => {
  for (const path of ['//fp/install', '/fp//install', '/fp/install/']) {
    expect(matched(['GET /fp/install', 'GET /{file}'], 'GET', path)).toBeUndefined();
  }
});
