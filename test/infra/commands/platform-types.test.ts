import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { declarePlatformRoutes } from '../../../infra/commands/declare-platform-routes.ts';

let directory: string;
beforeAll(() => {
  mkdirSync('node_modules/.cache', { recursive: true });
  directory = mkdtempSync('node_modules/.cache/platform-types-');
});
afterAll(() => rmSync(directory, { recursive: true }));

function write(file: string, text: string): void {
  mkdirSync(dirname(join(directory, file)), { recursive: true });
  writeFileSync(join(directory, file), text);
}

const shelf = 'library/sdk/platform/Shelf/Shelf';

/** A method as Fynd's generator writes it: validation, the query, one call. */
const method = (name: string, verb: string, target: string, { query = '', body = 'undefined' } = {}) => `
  async ${name}(
    { requestHeaders } = { requestHeaders: {} },
    { responseHeaders } = { responseHeaders: false }
  ) {
    const query_params = {};
    ${query}
    const xHeaders = {};

    const response = await PlatformAPIClient.execute(
      this.config,
      "${verb}",
      \`${target}\`,
      query_params,
      ${body},
      { ...xHeaders, ...requestHeaders },
      { responseHeaders }
    );
    return response;
  }
`;
const company = '/service/platform/shelf/v1.0/company/${this.config.companyId}';

/** A stand-in for the library: one service. */
function writeLibrary(more = ''): void {
  write('library/package.json', '{ "version": "9.9.9" }');
  const query = 'query_params["page_size"] = pageSize;\n    query_params["sort_on"] = sortOn;';
  const methods = [
    method('listBooks', 'get', `${company}/books/`, { query }),
    method('getBook', 'get', `${company}/application/\${this.applicationId}/books/\${bookId}`),
    method('putBook', 'put', `${company}/books/\${bookId}`, { body: 'body' }),
    method('headBook', 'head', `${company}/books/\${bookId}`),
    method('search', 'get', '/service/common/shelf/v1.0/search'),
  ];
  write(`${shelf}PlatformClient.js`, `class Shelf {${methods.join('')}${more}}\nmodule.exports = Shelf;\n`);
  const declared = (name: string, parameters: string, answer: string) =>
    `    /**\n     * @name ${name}\n     * @summary: About ${name}\n     */\n    ${name}(${parameters}, { responseHeaders }?: object): Promise<${answer}>;\n`;
  write(
    `${shelf}PlatformClient.d.ts`,
    `export = Shelf;\ndeclare class Shelf {\n${[
      declared('listBooks', '{ pageSize }?: ShelfPlatformValidator.ListBooksParam', 'ShelfPlatformModel.Books'),
      declared('getBook', '{ bookId }?: ShelfPlatformValidator.GetBookParam', 'ShelfPlatformModel.Book'),
      declared('putBook', '{ bookId }?: ShelfPlatformValidator.PutBookParam', 'Object'),
      declared('search', '{ q }?: any', 'any'),
    ].join('')}}\n`,
  );
  write(
    `${shelf}PlatformValidator.d.ts`,
    `export = ShelfPlatformValidator;
/**
 * @typedef ListBooksParam
 * @property {number} [pageSize] - How many
 * @property {string} sortOn - By what
 */
declare class ShelfPlatformValidator {}
declare namespace ShelfPlatformValidator { export { ListBooksParam, GetBookParam, PutBookParam }; }
type ListBooksParam = { pageSize?: number; sortOn: 'title' | 'year' };
type GetBookParam = { bookId: string };
type PutBookParam = { bookId: string; body: { title: string } };
`,
  );
  write(
    `${shelf}PlatformModel.d.ts`,
    `export = ShelfPlatformModel;
declare class ShelfPlatformModel {}
declare namespace ShelfPlatformModel { export { Book, Books }; }
type Book = { title: string };
type Books = { items: Book[] };
`,
  );
}

const declare = () => declarePlatformRoutes(join(directory, 'library'), './library', resolve(routesModule));
const routesModule = 'shared/platform/platform-routes.ts';

/** What the compiler finds in a file of calls, with what was declared and without. */
function compile(name: string, calls: string, ...declarations: string[]): string {
  const client = resolve('shared/platform/platform-client.ts');
  write(
    `${name}.ts`,
    `import type { PlatformClient } from '${client}';\ndeclare const platform: PlatformClient;\ndeclare const company: string;\n${calls}`,
  );
  const project = join(directory, `${name}.json`);
  const files = [`${name}.ts`, ...declarations];
  writeFileSync(project, JSON.stringify({ extends: resolve('tsconfig.json'), include: [], files }));
  try {
    return execFileSync('node_modules/.bin/tsc', ['--project', project], {
      encoding: 'utf8',
      shell: process.platform === 'win32',
    });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

/** Compiles with the types and without. */
const always = `
export const listed: { items: number[] } = await platform.get<{ items: number[] }>(\`shelf/v1.0/company/\${company}/x/\`);
export const named: string = await platform.get<string>('shelf/v1.0/company/{company_id}/books/');
export const some: unknown = await platform.get(\`shelf/v1.0/company/\${company}/x\`, { query: { any: [1, 'a'], none: undefined } });
await platform.put('shelf/v1.0/company/{company_id}/books/{book_id}', { params: { book_id: 1 }, body: { title: 'A' } });
// @ts-expect-error nobody names the company
await platform.get('shelf/v1.0/company/{company_id}/books/', { query: { sort_on: 'title' }, params: { company_id: 2 } });
// @ts-expect-error the parameter is missing
await platform.put('shelf/v1.0/company/{company_id}/books/{book_id}', { body: { title: 'A' } });
`;

describe('the routes of a client library', () => {
  test('are declared with their placeholders, and what is none of the Platform API is left out', () => {
    writeLibrary();
    const { text, routes, leftOut } = declare();
    expect([routes, leftOut]).toEqual([3, 2]);
    const declared = [...text.matchAll(/^ +'([^']+)':/gm)].map(([, route]) => route);
    expect(declared).toEqual([
      'GET shelf/v1.0/company/{company_id}/application/{application_id}/books/{book_id}',
      'GET shelf/v1.0/company/{company_id}/books/',
      'PUT shelf/v1.0/company/{company_id}/books/{book_id}',
    ]);
    expect(text).toContain('9.9.9');
    expect(text).toContain('/** About listBooks */');
  });

  test('type the query, the body and the answer of a call, and refuse unknown routes', () => {
    writeLibrary();
    write('platform-routes.d.ts', declare().text);
    const calls = `${always}
const books = await platform.get('shelf/v1.0/company/{company_id}/books/', { query: { page_size: 2, sort_on: 'year' } });
export const titles: string[] = books.items.map(({ title }) => title);
const params = { application_id: 'a', book_id: 'b' };
export const book: { title: string } = await platform.get('shelf/v1.0/company/{company_id}/application/{application_id}/books/{book_id}', { params });
// @ts-expect-error the query lacks what it must have
await platform.get('shelf/v1.0/company/{company_id}/books/');
// @ts-expect-error the query has what is none of the route's
await platform.get('shelf/v1.0/company/{company_id}/books/', { query: { sort_on: 'year', page: 2 } });
// @ts-expect-error no such route
await platform.get('shelf/v1.0/company/{company_id}/boks/');
// @ts-expect-error no such route by this method
await platform.delete('shelf/v1.0/company/{company_id}/books/');
// @ts-expect-error the body is another one
await platform.put('shelf/v1.0/company/{company_id}/books/{book_id}', { params: { book_id: 1 }, body: { titel: 'A' } });
// @ts-expect-error the answer is another one
export const wrong: { title: number } = await platform.get('shelf/v1.0/company/{company_id}/application/{application_id}/books/{book_id}', { params });
`;
    expect(compile('typed', calls, 'platform-routes.d.ts')).toBe('');
    const misspelt = `await platform.get('shelf/v1.0/company/{company_id}/boks/');`;
    expect(compile('misspelt', misspelt, 'platform-routes.d.ts')).toContain(
      'The Platform API has no route GET shelf/v1.0/company/{company_id}/boks/',
    );
  });

  test('are unknown where nothing is declared: any path passes, and placeholders still want their parameters', () => {
    const calls = `${always}
export const any: unknown = await platform.get('shelf/v1.0/company/{company_id}/boks/');
export const claimed: { title: number } = await platform.get('shelf/v1.0/company/{company_id}/books/');
// @ts-expect-error nothing is known of the answer
(await platform.get('shelf/v1.0/company/{company_id}/books/')).title;
`;
    expect(compile('untyped', calls)).toBe('');
  });

  test('are refused as a whole where one call is written in another way', () => {
    writeLibrary('\n  async other() {\n    return PlatformAPIClient.execute(somethingElse);\n  }\n');
    expect(declare).toThrow('ShelfPlatformClient.js is written in a way that is not understood.');
  });
});

test('what is installed and made lies where git and the deployment never look', () => {
  expect(readFileSync('.gitignore', 'utf8').split('\n')).toContain('.platform-types/');
});
