import type { AuthorError } from '../lambda/author-error.ts';
import type { Answer } from './process-result.ts';

/**
 * Adds what the functions leave out of a failure's response: message, place and code frame, to a page as text, to a problem
 * (RFC 9457 §3.2) as its member `debug`. Every other response stays as it is.
 */
export function showErrors(answer: Answer, errors: readonly AuthorError[]): Answer {
  // A response to HEAD has no body to add to.
  if (answer.status < 500 || errors.length === 0 || answer.body.length === 0) return answer;
  const header = (name: string) => answer.headers.find(([each]) => each === name)?.[1] ?? '';
  if (header('content-encoding') !== '') return answer;
  const text = answer.body.toString('utf8');
  if (header('content-type').startsWith('application/problem+json')) {
    const problem = JSON.parse(text) as Readonly<Record<string, unknown>>;
    const debug = errors.map(({ text, place, codeFrame, frames }) => ({
      error: text,
      at: place,
      code: codeFrame?.split('\n'),
      frames,
    }));
    return { ...answer, body: Buffer.from(JSON.stringify({ ...problem, debug })) };
  }
  if (!header('content-type').startsWith('text/html') || !text.includes('</main>')) return answer;
  return { ...answer, body: Buffer.from(text.replace('</main>', () => `${errors.map(section).join('')}</main>`)) };
}

function section({ text, place, codeFrame }: AuthorError): string {
  const lines = [text, ...(place === undefined ? [] : ['', place]), ...(codeFrame === undefined ? [] : [codeFrame])];
  return `<hr><p class="muted small">Only on this machine:</p>\n<pre>${escapeHtml(lines.join('\n'))}</pre>\n`;
}

const escapeHtml = (text: string) => text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
