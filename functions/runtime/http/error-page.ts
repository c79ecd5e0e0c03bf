import { type AppError, problems } from '../../../shared/problems.ts';
import { extension } from '../settings.ts';
import { escapeHtml, pageStyle, pageTexts } from './html.ts';
import type { HttpRequest, HttpResponse } from './http-messages.ts';
import { page } from './responses.ts';

/** What a person sees when something fails: what happened, what to do, and an id to mention when asking for help. */
export function errorPage(
  error: AppError,
  { requestId, retryPath, waysOut }: Pick<HttpRequest, 'requestId' | 'retryPath' | 'waysOut'>,
  headers: Readonly<Record<string, string>>,
): HttpResponse {
  const { name } = extension();
  const { title, advice } = problems[error.code];
  const render = (nonce: string) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)} – ${escapeHtml(name)}</title>
<style nonce="${nonce}">${pageStyle}
  main { max-width: 36rem; margin: 10vh auto 0; padding: 2rem; border: 1px solid var(--line); border-radius: 1rem; }
</style>
</head>
<body>
<main>
<p class="muted small">${escapeHtml(name)}</p>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(error.message)}</p>
<p>${escapeHtml(advice)}</p>
${waysOut?.[error.code]?.(nonce) ?? ''}
${retryPath === undefined ? '' : `<p><a class="button" href="${escapeHtml(retryPath)}">${pageTexts.tryAgain}</a></p>`}
<p class="muted small">${pageTexts.request} <code>${escapeHtml(requestId)}</code></p>
</main>
</body>
</html>
`;
  return page(render, { status: error.status, headers });
}
