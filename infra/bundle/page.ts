import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigurationError } from '../../shared/config.ts';
import { paths } from '../../shared/contract.ts';

/**
 * The page with our script as its first: in the head, where it has one, else before all else but the doctype. Left as it
 * is where the author has put the script there themselves.
 */
export function withSessionScript(page: Buffer): Buffer {
  const html = page.toString('utf8');
  const live = withoutComments(html);
  if (live.includes(`"${paths.sessionScript}"`)) return page;
  const before = /<head(\s[^>]*)?>/i.exec(live) ?? /<html(\s[^>]*)?>/i.exec(live) ?? /^\s*<!doctype[^>]*>/i.exec(live);
  const place = before === null ? 0 : before.index + before[0].length;
  return Buffer.from(`${html.slice(0, place)}<script src="${paths.sessionScript}"></script>${html.slice(place)}`);
}

/**
 * What will not run in a browser, since the page's policy takes scripts from files only: a sentence for its author, or
 * undefined. Scripts that are data (`application/json`) are none.
 */
export function inlineScriptNote(page: string, html: Buffer): string | undefined {
  const tags = withoutComments(html.toString('utf8')).matchAll(/<script(\s[^>]*)?>/gi);
  const isInline = ([, attributes = '']: RegExpExecArray) =>
    !/\ssrc\s*=/i.test(attributes) && !/\stype\s*=\s*["']?(application|text)\/(?!javascript)/i.test(attributes);
  if (![...tags].some(isInline)) return undefined;
  return `extension.config.ts: page names ${page}, whose index.html has a <script> without src. It will not run: put it into a file.`;
}

/** Of the same length, so that places agree. */
function withoutComments(html: string): string {
  return html.replaceAll(/<!--[^]*?-->/g, (comment) => ' '.repeat(comment.length));
}

/** What people see of an extension that has no front end. */
export function defaultPage(name: string): Buffer {
  const shown = name.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
  return Buffer.from(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${shown}</title>
<style>
  :root { color-scheme: light dark; }
  html { background: Canvas; color: CanvasText; }
  body { margin: 10vh auto 0; max-width: 36rem; padding: 1.5rem; font: 16px/1.5 system-ui, sans-serif; }
  h1 { font-size: 1.5rem; line-height: 1.2; text-wrap: balance; }
</style>
</head>
<body>
<main>
<h1>${shown}</h1>
<p>The extension is installed, and you are signed in. It has no page of its own yet.</p>
</main>
</body>
</html>
`);
}

/**
 * Tells which paths of the front end carry a digest of their content: what the build's manifest names, and names that end
 * like `-Ctd-GNbW`: at least eight characters, with a digit or in mixed case.
 */
export function isHashed(page: string | undefined): (path: string) => boolean {
  const named = page === undefined ? new Set<string>() : readManifest(page);
  return (path) => named.has(path) || endsInDigest(path.slice(path.lastIndexOf('/') + 1).replace(/\.[^.]*$/, ''));
}

function endsInDigest(stem: string): boolean {
  return [...stem.matchAll(/[-.]/g)].some(({ index }) => {
    const last = stem.slice(index + 1);
    return /^[\w-]{8,}$/.test(last) && (/\d/.test(last) || (/[a-z]/.test(last) && /[A-Z]/.test(last)));
  });
}

/** Vite's: what it made of each source, https://vite.dev/guide/backend-integration. */
function readManifest(page: string): Set<string> {
  const file = join(page, '.vite', 'manifest.json');
  if (!existsSync(file)) return new Set();
  try {
    const chunks = Object.values(JSON.parse(readFileSync(file, 'utf8')) as Record<string, Partial<ViteChunk>>);
    return new Set(
      chunks.flatMap(({ file, css = [], assets = [] }) => [...(file === undefined ? [] : [file]), ...css, ...assets]),
    );
  } catch {
    throw new ConfigurationError(
      `extension.config.ts: page names ${page}, whose .vite/manifest.json is not Vite's. Build it again.`,
    );
  }
}

interface ViteChunk {
  readonly file: string;
  readonly css: readonly string[];
  readonly assets: readonly string[];
}
