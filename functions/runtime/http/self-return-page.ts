import type { HttpRequest, HttpResponse } from './http-messages.ts';
import { pageTextsFor } from './page-texts.ts';
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
export function selfReturnPage({ headers }: Pick<HttpRequest, 'headers'>): HttpResponse {
  const texts = pageTextsFor(headers['accept-language']);
  const body = (nonce: string) => `<h1>${texts.signingIn} …</h1>
<noscript><p>${texts.allowScripts}</p></noscript>
<script nonce="${nonce}">location.replace(location.origin + location.pathname + location.search + '&returned=1');</script>`;
  return { ...page(texts, { title: texts.signingIn, body }), outcome: 'returns_to_itself' };
}
