import { randomBytes } from 'node:crypto';
import { type AppError, problems } from '../../../shared/problems.ts';
import { extension } from '../settings.ts';
import { escapeHtml, pageStyle } from './html.ts';
import type { HttpRequest, HttpResponse } from './http-messages.ts';
import { pageHeaders } from './security-headers.ts';

/** What a person sees when something fails: what happened, what to do, and an id to mention when asking for help. */
export function errorPage(
  error: AppError,
  { requestId, retryPath }: Pick<HttpRequest, 'requestId' | 'retryPath'>,
  headers: Readonly<Record<string, string>>,
): HttpResponse {
  const { name, adminOrigins } = extension();
  const nonce = randomBytes(16).toString('base64');
  const { title, advice } = problems[error.code];
  const body = `<!doctype html>
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
${retryPath === undefined ? '' : `<p><a class="button" href="${escapeHtml(retryPath)}">Try again</a></p>`}
<p class="muted small">Request <code>${escapeHtml(requestId)}</code></p>
</main>
</body>
</html>
`;
  return { status: error.status, headers: { ...headers, ...pageHeaders(adminOrigins, nonce) }, body };
}
