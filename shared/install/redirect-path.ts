import { controlCharacters, hasControlCharacter } from '../http/control-characters.ts';
import { AppError } from '../problems.ts';

const maxCharacters = 512;

/**
 * Where a person asked to land after sign-in: accepted only if a browser would stay on this origin and outside of the
 * extension's own machinery.
 * @returns the path, query and fragment as a browser resolves them.
 * @throws {AppError} `invalid_request` naming `redirect_path`.
 */
export function parseRedirectPath(text: string, baseUrl: string): string {
  const refuse = (reason: string) => new AppError('invalid_request', `redirect_path ${reason}.`);
  if (text.length > maxCharacters) throw refuse(`must have at most ${maxCharacters} characters`);
  if (!text.startsWith('/') || text.includes('\\') || hasControlCharacter(text) || !text.isWellFormed()) {
    throw refuse('must be a path on the extension, such as /company/1');
  }
  const url = URL.parse(text, baseUrl);
  if (url === null || url.origin !== new URL(baseUrl).origin || url.username !== '') {
    throw refuse('must stay on the extension');
  }
  // Also as a server or a second resolution would read it: `/%2F/evil` must not become `//evil`.
  for (const path of [url.pathname, ...readAgain(url.pathname)]) {
    if (/^[/\\]{2}/.test(path) || path.includes('\\')) throw refuse('must stay on the extension');
    if (/^\/(fp|adm|api)(\/|$)/i.test(path)) throw refuse('must not lie under /fp, /adm or /api');
  }
  return `${url.pathname}${url.search}${url.hash}`;
}

/** Whether `parseRedirectPath` takes it. */
export function isRedirectPath(text: string, baseUrl: string): boolean {
  try {
    parseRedirectPath(text, baseUrl);
    return true;
  } catch (error) {
    if (error instanceof AppError) return false;
    throw error;
  }
}

/** The path decoded once more, and what that resolves to, whether a decoded `?` or `#` ends the path there or not. */
function readAgain(path: string): string[] {
  try {
    const decoded = decodeURIComponent(path).replaceAll(controlCharacters, '');
    const resolve = (text: string) => new URL(`https://extension.invalid${text}`).pathname;
    return [decoded, resolve(decoded), resolve(decoded.replaceAll(/[?#]/g, '_'))];
  } catch {
    return ['//'];
  }
}
