import { extension } from '../settings.ts';
import { escapeHtml, pageStyle, pageTexts } from './html.ts';
import type { HttpRequest, HttpResponse } from './http-messages.ts';
import { page } from './responses.ts';

/**
 * Whether a browser that lacks a cookie may send it from our own origin: some leave it out where another site led here
 * (Safari: https://developer.apple.com/documentation/safari-release-notes), and another response may be bringing it.
 */
export function mayReturn({ isNavigation, query, headers }: HttpRequest): boolean {
  return isNavigation && !query.getAll('returned').includes('1') && headers['sec-fetch-site'] !== 'same-origin';
}

/**
 * Has the browser come back to this very address, from our own origin and with `returned=1`. The browser itself knows
 * the address, which holds a code: nothing of the request is in the page.
 */
export function selfReturnPage(): HttpResponse {
  const { name } = extension();
  const render = (nonce: string) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${pageTexts.signingIn} – ${escapeHtml(name)}</title>
<style nonce="${nonce}">${pageStyle}</style>
</head>
<body>
<p class="muted">${pageTexts.signingIn} …</p>
<noscript><p>${pageTexts.allowScripts}</p></noscript>
<script nonce="${nonce}">location.replace(location.origin + location.pathname + location.search + '&returned=1');</script>
</body>
</html>
`;
  return { ...page(render), outcome: 'returns_to_itself' };
}
