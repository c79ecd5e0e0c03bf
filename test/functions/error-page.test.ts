import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { http as makeHttp } from '../../functions/runtime/http/http.ts';
import { pageLanguages, pageTextsFor } from '../../functions/runtime/http/page-texts.ts';
import { AppError, type ProblemCode, problems } from '../../shared/problems.ts';
import { barriersOn, findChromium, launchChromium, picture, pixelsBeyond } from '../kit/chromium.ts';
import { testExtension } from '../shared/fixture/extension.ts';
import { gatewayEvent, type TestRequest } from './fixture/event.ts';

let http: typeof makeHttp;
let lines: string[];
beforeAll(async () => {
  ({ http } = await import('../../functions/runtime/http/http.ts'));
});
beforeEach(() => {
  lines = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
  configure({});
});
afterAll(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const configure = (input: Parameters<typeof testExtension>[0]) => vi.stubGlobal('EXTENSION', testExtension(input));

const codes = Object.keys(problems) as ProblemCode[];
const devanagari = /\p{Script=Devanagari}/u;

/** What somebody sees whose request fails like this, and what the log says. */
async function shown(error: Error, headers: Record<string, string> = {}, request: Partial<TestRequest> = {}) {
  const handler = http().handler(() => {
    throw error;
  });
  const event = gatewayEvent({ path: '/company/1', ...request, headers: { accept: 'text/html', ...headers } });
  const result = await handler(event);
  const text = result.body ?? '';
  return {
    status: result.statusCode,
    headers: result.headers as Record<string, string>,
    text,
    title: /<h1>(.*)<\/h1>/.exec(text)?.[1] ?? '',
    requestId: event.requestContext.requestId,
  };
}
const inHindi = { 'accept-language': 'hi-IN,hi;q=0.9,en;q=0.8' };

describe('an error page', () => {
  test.each(codes)('about %s says in English and in Hindi what happened and what to do', async (code) => {
    const english = await shown(new AppError(code, 'code is missing.'));
    expect(english.headers['content-language']).toBe('en');
    expect(english.text).toContain('<html lang="en">');
    expect(english.title).toBe(problems[code].title);
    expect(english.text).not.toMatch(devanagari);

    const hindi = await shown(new AppError(code, 'code is missing.'), inHindi);
    expect([hindi.status, hindi.headers['content-language']]).toEqual([problems[code].status, 'hi']);
    expect(hindi.text).toContain('<html lang="hi">');
    expect(hindi.title).toMatch(devanagari);
    expect(hindi.text).toContain(pageTextsFor('hi').advice[code]);
    expect(pageTextsFor('hi').advice[code]).toMatch(/^\P{Script=Latin}+(API (key|secret).*)?।$/u);
  });

  test('says which of its words are not in the reader’s language', async () => {
    const { text } = await shown(new AppError('invalid_request', 'company_id is missing.'), inHindi);
    expect(text).toContain('<p lang="en">company_id is missing.</p>');
  });

  test('has the name of the extension, and an id that the log finds', async () => {
    configure({ name: 'Lens <b>&' });
    const { text, requestId } = await shown(new Error('CANARY-reason'));
    expect(text).toContain('<p class="muted small">Lens &#60;b&#62;&#38;</p>');
    expect(text).toContain(`<code>${requestId}</code>`);
    expect(text).not.toContain('CANARY');
    const { request_id, status, code } = JSON.parse(lines.at(-1) ?? '') as Record<string, unknown>;
    expect({ request_id, status, code }).toEqual({ request_id: requestId, status: 500, code: 'internal' });
  });

  test('leads to the configuration’s support: a letter that names the request, or a page', async () => {
    configure({ name: 'Lens & more', support: 'help@example.com' });
    const { text, requestId } = await shown(new AppError('try_again', 'Busy.'));
    const [, href = '', shows] = /<a href="(mailto:[^"]*)"[^>]*>([^<]*)<\/a>/.exec(text) ?? [];
    expect(shows).toBe('help@example.com');
    expect(new URL(href).searchParams.get('subject')).toBe(`Lens & more: ${requestId}`);

    configure({ support: 'https://help.example.com/lens?a=1&b=2' });
    expect((await shown(new AppError('try_again', 'Busy.'), inHindi)).text).toContain(
      '<a href="https://help.example.com/lens?a=1&#38;b=2" target="_blank" rel="noopener">help.example.com/lens?a=1&#38;b=2</a>',
    );
  });

  test('is a problem in English for a script, whatever languages its browser speaks', async () => {
    configure({ support: 'help@example.com' });
    const { headers, text } = await shown(new AppError('not_found', 'There is no such file.'), {
      ...inHindi,
      accept: 'application/json',
    });
    expect(headers['content-type']).toBe('application/problem+json');
    expect(JSON.parse(text)).toMatchObject({ title: 'There is nothing here', code: 'not_found' });
  });
});

test('every language has every text, each of them its own', () => {
  const texts = pageLanguages.map((language) => pageTextsFor(language));
  expect(texts.map(({ language }) => language)).toEqual([...pageLanguages]);
  for (const { help, titleOf, advice, language, ...others } of texts) {
    expect(Object.keys(advice).toSorted()).toEqual(codes.toSorted());
    for (const text of Object.values(others)) expect(devanagari.test(text)).toBe(language === 'hi');
    expect(help('WHERE', 'WHICH')).toMatch(/WHERE.*WHICH/);
    expect(new Set(codes.map(titleOf)).size).toBe(codes.length);
  }
});

const executablePath = findChromium('test/functions/error-page.test.ts');

describe.skipIf(executablePath === undefined)('every error page in a real browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium(executablePath);
  });
  afterAll(() => browser.close());

  test.each([
    ['light', 'en'],
    ['dark', 'hi'],
  ] as const)('has no barriers and fits a telephone: %s, %s', async (colorScheme, language) => {
    configure({ support: 'help@example.com' });
    const context = await browser.newContext({ colorScheme, viewport: { width: 360, height: 740 } });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    let given = { headers: {}, body: '' };
    await page.route('**/*', (route) => route.fulfill(given));
    for (const code of codes) {
      const answer = await shown(new AppError(code, 'company_id is missing.'), { 'accept-language': language });
      // With its policy, which a browser complains of where something breaks it.
      given = { headers: answer.headers, body: answer.text };
      await page.goto(`https://extension.example/${code}`);
      const found = { code, barriers: await barriersOn(page), beyond: await pixelsBeyond(page) };
      expect(found).toEqual({ code, barriers: [], beyond: 0 });
      await picture(page, `error-${code}-${language}`);
    }
    expect(complaints).toEqual([]);
    await context.close();
  });
});
