import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { files, folder } from '#page';
import { documentTypes, type PageFile, type StoredCoding } from '../../../shared/contract.ts';
import { preferredCoding } from '../../../shared/http/accepts-coding.ts';
import { AppError } from '../../../shared/problems.ts';
import { extension } from '../settings.ts';
import type { HttpRequest, HttpResponse } from './http-messages.ts';
import { frontEndHeaders, ownPageHeaders } from './security-headers.ts';

/** The built page, as it is for everybody: who signed in asks `/api/session` from it. Nobody stores it. */
export async function pageResponse(request: Pick<HttpRequest, 'headers'>): Promise<HttpResponse> {
  const page = await stored(request, file('index.html'));
  return {
    status: 200,
    headers: {
      ...page.headers,
      ...frontEndHeaders(extension()),
      ...ownPageHeaders,
      'cache-control': 'no-store',
    },
    body: page.body,
  };
}

/**
 * The file of the front end that a path names, for anybody. `index.html` is served as the page only.
 * @throws {AppError} `not_found`.
 */
export async function fileResponse(request: Pick<HttpRequest, 'rawPath' | 'headers'>): Promise<HttpResponse> {
  const name = nameOf(request.rawPath);
  const found = name === 'index.html' ? undefined : file(name);
  const { etag, headers, body } = await stored(request, found);
  const isImmutable = found?.isImmutable === true;
  const cached = {
    // A document that is no page of ours, XML and an image with scripts in it included, is bound by the page's policy.
    ...(documentTypes.test(headers['content-type']) && frontEndHeaders(extension())),
    ...headers,
    etag,
    'cache-control': isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache',
  };
  return matches(request.headers['if-none-match'], etag)
    ? { status: 304, headers: cached }
    : { status: 200, headers: cached, body };
}

function file(name: string): PageFile | undefined {
  return Object.hasOwn(files, name) ? files[name] : undefined;
}

/** HTTP APIs decode a path before we see it; where another front door does not, the file is the one that it spells. */
function nameOf(rawPath: string): string {
  const name = rawPath.slice(1);
  if (file(name) !== undefined) return name;
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** In the coding that the browser would rather have, of those in which it is stored. */
async function stored({ headers }: Pick<HttpRequest, 'headers'>, found: PageFile | undefined) {
  if (found === undefined) throw new AppError('not_found', 'The extension has no page and no file at this address.');
  const { type, digest, codings } = found;
  const coding = preferredCoding(headers['accept-encoding'], codings);
  return {
    etag: `"${digest}${suffix(coding)}"`,
    headers: {
      'content-type': type,
      ...(codings.length > 0 && { vary: 'Accept-Encoding' }),
      ...(coding !== undefined && { 'content-encoding': coding }),
    },
    body: await readFile(join(folder, `${digest}${suffix(coding)}`)),
  };
}

function suffix(coding: StoredCoding | undefined): string {
  return coding === undefined ? '' : `.${coding}`;
}

/** Compared weakly, as a GET is (RFC 9110 §13.1.2). */
function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  const tags = (ifNoneMatch ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes(etag) || tags.includes('*');
}
