import type { AppError } from '../../../shared/problems.ts';
import { extension } from '../settings.ts';
import { escapeHtml } from './html.ts';
import type { HttpRequest, HttpResponse } from './http-messages.ts';
import { pageTextsFor } from './page-texts.ts';
import { page } from './responses.ts';

/**
 * What a person sees when something fails: what happened, what to do, where to ask, and an id that the log finds. In their
 * language, but for the detail, which programs get too.
 */
export function errorPage(
  error: AppError,
  { headers: asked, requestId, retryPath, waysOut }: HttpRequest,
  headers: Readonly<Record<string, string>>,
): HttpResponse {
  const { name, support } = extension();
  const texts = pageTextsFor(asked['accept-language']);
  const title = texts.titleOf(error.code);
  const id = `<code>${escapeHtml(requestId)}</code>`;
  const body = (nonce: string) => `<p class="muted small">${escapeHtml(name)}</p>
<h1>${escapeHtml(title)}</h1>
<p lang="en">${escapeHtml(error.message)}</p>
<p>${escapeHtml(texts.advice[error.code])}</p>
${waysOut?.[error.code]?.(nonce, texts) ?? ''}
${retryPath === undefined ? '' : `<p><a class="button" href="${escapeHtml(retryPath)}">${texts.tryAgain}</a></p>`}
<p class="muted small">${support === undefined ? `${texts.request} ${id}` : texts.help(supportLink(support, `${name}: ${requestId}`), id)}</p>`;
  return page(texts, { title, body }, { status: error.status, headers });
}

/** Opens a letter that already says which request it is about, or the page for it. */
function supportLink(support: string, subject: string): string {
  const isPage = support.startsWith('https:');
  const address = isPage ? support : `mailto:${support}?subject=${encodeURIComponent(subject)}`;
  return `<a href="${escapeHtml(address)}" target="_blank" rel="noopener">${escapeHtml(isPage ? support.slice('https://'.length) : support)}</a>`;
}
