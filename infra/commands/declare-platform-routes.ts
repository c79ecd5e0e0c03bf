import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** What was understood of a client library. */
export interface DeclaredRoutes {
  /** A declaration file, types alone. */
  readonly text: string;
  readonly routes: number;
  /** Calls that are none of the Platform API by a method that `platform` has. */
  readonly leftOut: number;
}

interface Method {
  readonly name: string;
  readonly route: string;
  readonly lines: readonly string[];
}

const callPattern =
  /async (\w+)\(((?:(?!\n {2}async ).)*?)PlatformAPIClient\.execute\(\s*this\.config,\s*"(\w+)",\s*`([^`]*)`,\s*[\w{}]+,\s*([\w{}]+)/gs;
const served = new Set(['get', 'post', 'put', 'patch', 'delete']);
const below = '/service/platform/';

/**
 * Reads Fynd's own client, `@gofynd/fdk-client-javascript`, whose code is generated and regular: which method calls which route,
 * with which parameters. What is declared refers to the library's own declarations.
 * @param library folder of the package.
 * @param importPath how the declaration file reaches that folder.
 * @param clientModule how it reaches `shared/platform/platform-routes.ts`.
 * @throws {Error} where a call is not understood: better none than some of the routes.
 */
export function declarePlatformRoutes(library: string, importPath: string, clientModule: string): DeclaredRoutes {
  const { version } = JSON.parse(readFileSync(join(library, 'package.json'), 'utf8')) as { version: string };
  const imports = new Set<string>();
  const methods = new Map<string, Method>();
  let leftOut = 0;
  const files = globSync('sdk/platform/*/*Client.js', { cwd: library }).map((file) => file.replaceAll('\\', '/'));
  for (const file of files.toSorted()) {
    const source = readFileSync(join(library, file), 'utf8');
    const calls = [...source.matchAll(callPattern)];
    if (calls.length !== source.split('PlatformAPIClient.execute(').length - 1) {
      throw new Error(`${basename(file)} is written in a way that is not understood.`);
    }
    const declarations = readFileSync(join(library, file.replace(/\.js$/, '.d.ts')), 'utf8');
    const optional = optionalParameters(join(library, file.replace(/Client\.js$/, 'Validator.d.ts')));
    for (const [, name = '', before = '', verb = '', target = '', body = ''] of calls) {
      if (!served.has(verb) || !target.startsWith(below)) {
        leftOut += 1;
        continue;
      }
      const route = `${verb.toUpperCase()} ${pathOf(target.slice(below.length))}`;
      if (methods.has(route)) continue;
      const declared = new RegExp(`^    ${name}\\((.*)\\): Promise<(.*)>;$`, 'm').exec(declarations);
      if (declared === null) throw new Error(`${basename(file)} declares no method ${name}.`);
      const [, parameters = '', answer = ''] = declared;
      const [, holder] = /\?: (\w+\.\w+)/.exec(parameters) ?? [];
      const typeOf = (parameter: string) => (holder === undefined ? 'unknown' : `${holder}['${parameter}']`);
      const isOptional = (parameter: string) => optional.get(holder?.split('.')[1] ?? '')?.has(parameter) === true;
      const query = [...before.matchAll(/query_params\["([^"]+)"\] = (\w+);/g)].map(([, key = '', value = '']) =>
        isOptional(value) ? `'${key}'?: ${typeOf(value)} | undefined;` : `'${key}': ${typeOf(value)};`,
      );
      const summary = /@summary: (.*)/.exec(commentOf(declarations, name))?.[1]?.replaceAll('*/', '');
      const types = [answer, holder ?? ''].join(' ');
      for (const [, module = ''] of types.matchAll(/(\w+(?:Model|Validator))\./g)) {
        imports.add(`import type ${module} from '${importPath}/${file.replace(/[^/]+$/, '')}${module}.js';`);
      }
      const known = /^(Object|any)$/.test(answer) ? 'unknown' : answer;
      methods.set(route, {
        name,
        route,
        lines: [
          ...(summary ? [`/** ${summary} */`] : []),
          `'${route}': { query: { ${query.join(' ')} };${/^(undefined|\{\})$/.test(body) ? '' : ` body: ${typeOf('body')};`} answer: ${known} };`,
        ],
      });
    }
  }
  const members = [...methods.values()].toSorted((a, b) => (a.route < b.route ? -1 : 1)).flatMap(({ lines }) => lines);
  const text = [
    `// Made by \`npm run platform-types\` from @gofynd/fdk-client-javascript ${version}; made anew by the next run.`,
    ...[...imports].toSorted(),
    '',
    `declare module '${clientModule}' {`,
    '  interface PlatformRoutes {',
    ...members.map((line) => `    ${line}`),
    '  }',
    '}',
    '',
  ].join('\n');
  return { text, routes: methods.size, leftOut };
}

/** `…/company/${this.config.companyId}/products/${itemId}` → `…/company/{company_id}/products/{item_id}`. */
function pathOf(target: string): string {
  return target.replaceAll(/\$\{(?:this\.(?:config\.)?)?(\w+)\}/g, (_, name: string) => {
    const words = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return `{${words}}`;
  });
}

/** By the name of a parameters' type, those that may be left out. */
function optionalParameters(file: string): Map<string, ReadonlySet<string>> {
  const text = readFileSync(file, 'utf8');
  return new Map(
    [...text.matchAll(/@typedef (\w+)(.*?)\*\//gs)].map(([, type = '', properties = '']) => [
      type,
      new Set([...properties.matchAll(/@property \{.*?\} \[(\w+)\]/gs)].map(([, name = '']) => name)),
    ]),
  );
}

/** The comment before a method's declaration. */
function commentOf(declarations: string, method: string): string {
  const end = declarations.indexOf(`    ${method}(`);
  return declarations.slice(declarations.lastIndexOf('/**', end), end);
}
