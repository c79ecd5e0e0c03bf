import { randomBytes } from 'node:crypto';
import { extension } from '../settings.ts';
import { escapeHtml, pageStyle } from './html.ts';
import type { HttpResponse } from './http-messages.ts';
import type { PageTexts } from './page-texts.ts';
import { pageHeaders, redirectHeaders } from './security-headers.ts';

/** JSON that nobody stores. */
export function json(body: unknown): HttpResponse {
  return {
    status: 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: JSON.stringify(body),
  };
}

/** On what an author's handler answers to a shopper or a server, unless it says otherwise: nobody else's, and not kept. */
export const forOneCaller = { 'cache-control': 'private, no-store' } as const;

/** Sends a browser on, without telling where it came from: addresses here carry codes and states. */
export function redirect(location: string): HttpResponse {
  return { status: 302, headers: { ...redirectHeaders, location } };
}

interface PageContent {
  readonly title: string;
  /** What stands in its `main`, as HTML. Scripts must carry the nonce. */
  readonly body: (nonce: string) => string;
  /** Who may frame it. Default: the platform's admin panels. */
  readonly framedBy?: readonly string[];
}

/** A page of ours, in the language of its texts. Nobody stores it. */
export function page(
  { language }: PageTexts,
  { title, body, framedBy = extension().adminOrigins }: PageContent,
  { status = 200, headers = {} }: Partial<Pick<HttpResponse, 'status' | 'headers'>> = {},
): HttpResponse {
  const nonce = randomBytes(16).toString('base64');
  return {
    status,
    headers: {
      'cache-control': 'no-store',
      'content-language': language,
      ...headers,
      ...pageHeaders({ ...extension(), adminOrigins: framedBy }, nonce),
    },
    body: `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(`${title} – ${extension().name}`)}</title>
<style nonce="${nonce}">${pageStyle}</style>
</head>
<body>
<main>
${body(nonce)}
</main>
</body>
</html>
`,
  };
}
