import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { inlineScriptNote, withSessionScript } from '../../../infra/bundle/page.ts';
import { makePageFiles } from '../../../infra/bundle/page-files.ts';
import { ConfigurationError } from '../../../shared/config.ts';
import { frontEnd } from '../../functions/fixture/front-end.ts';

const index = { 'index.html': '<p>' };
const make = (page: string) => makePageFiles({ name: 'Lens', page });

async function sentenceAbout(page: string): Promise<string> {
  const thrown = await make(page).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(ConfigurationError);
  const { message } = thrown as Error;
  expect(message).toContain(`extension.config.ts: page names ${page}, `);
  expect(message).not.toContain('\n');
  return message;
}

test.each([
  ['is empty', {}, 'nothing in it. Build the front end first'],
  ['holds only what is left out', { '.DS_Store': '' }, 'without index.html'],
  ['has no index.html', { 'app.js': '' }, 'without index.html'],
  ['holds sources', { ...index, 'package.json': '{}' }, 'has package.json in it: these are sources'],
  [
    'holds a link to a file out of it',
    { ...index, 'secret.js': '-> ../../package.json' },
    'whose secret.js is a link out of it',
  ],
  ['holds a link to a folder out of it', { ...index, assets: '-> ../../shared' }, 'whose assets is a link out of it'],
  ['holds a link that leads nowhere', { ...index, 'a.js': '-> b.js' }, 'whose a.js is a link that leads nowhere'],
  ['holds itself', { ...index, 'a/b': '-> ..' }, 'is a link to a folder that it is in'],
  [
    'is in the way of our routes',
    { ...index, 'api/products.json': '[]' },
    'whose api/products.json could not be reached: paths below /api are',
  ],
  ['is in the way of the pages', { ...index, company: 'x' }, 'paths below /company are'],
  ['is in the way of what we may add', { ...index, _headers: 'x' }, 'paths below /_headers are'],
  [
    'has a file that cannot be answered',
    { ...index, 'film.mp4': randomBytes(4_300_001) },
    'whose film.mp4 has 4.4 MB compressed, and at most 4.3',
  ],
  ['has an unreadable manifest', { ...index, '.vite/manifest.json': '[' }, 'whose .vite/manifest.json is not Vite'],
])('a folder that %s is a sentence', async (_, files, words) => {
  expect(await sentenceAbout(frontEnd(files))).toContain(words);
});

test('a folder that is not there is a sentence, and so is a file', async () => {
  expect(await sentenceAbout('./frontend/nowhere')).toContain(
    'a folder that does not exist. Build the front end first',
  );
  expect(await sentenceAbout('./package.json')).toContain('which is no folder');
});

test('links within the folder lead where they say', async () => {
  const { records } = await make(frontEnd({ ...index, 'a/real.js': 'x', 'b.js': '-> a/real.js', c: '-> a' }));
  expect(Object.keys(records).sort()).toEqual([
    '_extension/session.js',
    'a/real.js',
    'b.js',
    'c/real.js',
    'index.html',
  ]);
  expect(records['b.js']?.digest).toBe(records['a/real.js']?.digest);
});

test('text that fits only when it is compressed is taken', async () => {
  const { records } = await make(frontEnd({ ...index, 'large.js': 'x'.repeat(7_000_000) }));
  expect(records['large.js']?.codings).toEqual(['br', 'gzip']);
});

test.each([
  ['<!doctype html><title>x</title>', '<!doctype html>§<title>x</title>'],
  ['<HTML lang=en><body>', '<HTML lang=en>§<body>'],
  ['<p>x', '§<p>x'],
  ['<!-- <head> --><head><header>', '<!-- <head> --><head>§<header>'],
  ['<header>x', '§<header>x'],
])('our script is the first of %s', (html, expected) => {
  const script = '<script src="/_extension/session.js"></script>';
  expect(withSessionScript(Buffer.from(html)).toString()).toBe(expected.replace('§', script));
});

test('our script is not put beside the author’s own', () => {
  const own = Buffer.from('<head><script src="/_extension/session.js"></script>');
  expect(withSessionScript(own)).toBe(own);
});

test.each([
  '<script>a()</script>',
  '<script type="module">a()</script>',
  "<SCRIPT type='text/javascript' >a()</SCRIPT>",
  '<script type="importmap">{}</script>',
  '<!-- <script src="x"> --><script async data-src="x">',
])('an author is told that %s will not run', (html) => {
  expect(inlineScriptNote('./frontend/dist', Buffer.from(html))).toContain(
    'has a <script> without src. It will not run',
  );
});

test.each([
  '<script src="/a.js"></script><script type="module" crossorigin src=/b.js></script>',
  '<script type="application/ld+json">{}</script>',
  '<!-- <script>a()</script> -->',
])('%s is no reason to say so', (html) => {
  expect(inlineScriptNote('./frontend/dist', Buffer.from(html))).toBeUndefined();
});
