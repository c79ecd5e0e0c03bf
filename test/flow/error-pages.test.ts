import { describe, expect, inject, test } from 'vitest';

const world = inject('offline');

/** What somebody's browser, which speaks Hindi, gets at an address. */
async function visit(path: string, headers: Record<string, string> = {}) {
  const response = await fetch(world.baseUrl + path, {
    headers: { accept: 'text/html', 'accept-language': 'hi-IN,hi;q=0.9,en;q=0.8', ...headers },
    redirect: 'manual',
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

describe('a page about what went wrong', () => {
  test.for([
    ['/company/none', 400],
    ['/company/1/application/none', 400],
    ['/nothing.html', 404],
    ['/a/b/c', 404],
    ['/api/nothing', 404],
    ['/api/session', 401],
    ['/ext/nothing', 401],
    ['/fp/install', 400],
  ] as const)('is what a person gets at %s, in their language', async ([path, status]) => {
    const answer = await visit(path);
    expect([answer.status, answer.headers.get('content-language')]).toEqual([status, 'hi']);
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(answer.text).toMatch(/<html lang="hi">[^]*<h1>\p{Script=Devanagari}[^]*<code>[^<]+<\/code>/u);
    const problem = await visit(path, { accept: 'application/json' });
    expect([problem.status, JSON.parse(problem.text)]).toMatchObject([status, { status, code: expect.any(String) }]);
  });

  const marked = encodeURIComponent(`"'><img src=x onerror=marked>`);
  const client = `client_id=${world.apiKey}`;
  test.for([
    `/company/${marked}`,
    `/company/1/application/${marked}`,
    `/organization/${marked}`,
    `/${marked}`,
    `/api/${marked}`,
    `/api/platform/${marked}`,
    `/ext/${marked}`,
    `/api/session?company_id=${marked}`,
    ...['company_id', 'client_id', 'application_id', 'redirect_path', 'install_event', 'display'].map(
      (field) => `/fp/install?${field === 'company_id' ? client : `company_id=1&${client}`}&${field}=${marked}`,
    ),
    ...['company_id', 'client_id', 'application_id', 'state', 'code', 'error', 'error_description', marked].map(
      (field) => `/fp/auth?returned=1&company_id=1&code=none&state=none&${field}=${marked}`,
    ),
    `/fp/auth?company_id=1&code=${marked}&state=${marked}`,
    `/adm/install?organization_id=${marked}&${client}`,
    `/adm/auth?returned=1&code=none&state=none&organization_id=${marked}`,
    `/company/1/${marked}?session=${marked}&x=${marked}`,
  ])('holds nothing of an address that a browser would take for markup: %s', async (path) => {
    const { status, text, headers } = await visit(path, { 'accept-language': `hi"><img src=x onerror=marked>` });
    expect(text).not.toContain('<img');
    expect(text).not.toContain('onerror=marked>');
    expect(status).toBeLessThan(500);
    expect(headers.get('content-language') ?? 'hi').toMatch(/^(hi|en)$/);
  });

  test('leads back to the place where one was, which is text in an address', async () => {
    // Who has just signed in, and still has no session that works.
    const cookie = '__Host-ext_round_1=done';
    const { status, text } = await visit(`/company/1/${marked}?x=${marked}`, { cookie });
    expect([status, text.includes('<img')]).toEqual([401, false]);
    const [, href = ''] = /<a class="button" href="([^"]*)"/.exec(text) ?? [];
    const back = new URL(href.replaceAll('&#38;', '&'), world.baseUrl).searchParams.get('redirect_path');
    expect(decodeURIComponent(back ?? '')).toContain('<img src=x onerror=marked>');
  });
});
