import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { Answer } from './process-result.ts';

/** Has open pages load again when what made them was replaced. Only on this machine: nothing of it is deployed. */
export interface PageReload {
  /** Whether the request was for the script or for its events, which are answered then. */
  answer(request: IncomingMessage, response: ServerResponse, isOwnHost: boolean): boolean;
  /** The page with the script in it, where its own policy lets a script of this origin run; else as it was. */
  listenFrom(answer: Answer): Answer;
  reload(): void;
}

/** What is served here and nowhere else has a folder of its own among the paths that are the template's. */
const scriptPath = '/_local/reload.js';
const eventsPath = '/_local/reload';

/**
 * A hidden page keeps no connection, of which a browser has six for each host, and one that is shown again asks what it
 * missed. Begun a second after the page, so that it is in nobody's way.
 */
const script = `(() => {
  let source, seen;
  const listen = () => {
    source?.close();
    source = undefined;
    if (document.visibilityState !== 'visible') return;
    source = new EventSource(${JSON.stringify(eventsPath)});
    source.onmessage = ({ data }) => {
      if (seen !== undefined && seen !== data) location.reload();
      seen = data;
    };
  };
  document.addEventListener('visibilitychange', listen);
  setTimeout(listen, 1000);
})();
`;

const decoders: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  '': (body) => body,
  br: brotliDecompressSync,
  gzip: gunzipSync,
};

export function openPageReload(): PageReload {
  // Another run counts as a change.
  let version = randomUUID();
  const listening = new Set<ServerResponse>();
  const tell = (response: ServerResponse) => response.write(`data: ${version}\n\n`);
  return {
    answer({ method, url }, response, isOwnHost) {
      const path = (url ?? '').split('?', 1)[0];
      if (method !== 'GET' || !isOwnHost || (path !== scriptPath && path !== eventsPath)) return false;
      response.setHeader('cache-control', 'no-store');
      if (path === scriptPath) {
        response.setHeader('content-type', 'text/javascript; charset=utf-8');
        response.end(script.replace('let source, seen;', `let source, seen = ${JSON.stringify(version)};`));
        return true;
      }
      response.setHeader('content-type', 'text/event-stream');
      tell(response);
      listening.add(response);
      response.on('close', () => listening.delete(response));
      return true;
    },
    listenFrom(answer) {
      const header = (name: string) => answer.headers.find(([each]) => each === name)?.[1] ?? '';
      const decode = decoders[header('content-encoding')];
      const nonce = nonceFor(header('content-security-policy'));
      if (
        !header('content-type').startsWith('text/html') ||
        nonce === undefined ||
        !decode ||
        answer.body.length === 0
      ) {
        return answer;
      }
      const text = decode(answer.body).toString('utf8');
      if (!text.includes('</body>')) return answer;
      const tag = `<script${nonce && ` nonce="${nonce}"`} src="${scriptPath}" async></script>`;
      return {
        ...answer,
        headers: answer.headers.filter(([name]) => name !== 'content-encoding'),
        body: Buffer.from(text.replace(/<\/body>(?![^]*<\/body>)/, () => `${tag}</body>`)),
      };
    },
    reload() {
      version = randomUUID();
      for (const response of listening) tell(response);
    },
  };
}

/** Empty where a script of this origin needs none; undefined where the policy lets none run, or none ask this origin. */
function nonceFor(policy: string): string | undefined {
  const directives = new Map(
    policy.split(';').map((text) => {
      const [name = '', ...sources] = text.trim().split(/\s+/);
      return [name.toLowerCase(), sources];
    }),
  );
  const of = (name: string) => directives.get(name) ?? directives.get('default-src');
  const isAllowed = (sources: readonly string[] | undefined) =>
    sources === undefined || sources.some((source) => source === "'self'" || source === '*');
  if (!isAllowed(of('connect-src')) || directives.has('sandbox')) return undefined;
  const scripts = of('script-src');
  const [, nonce] = /^'nonce-(.+)'$/.exec(scripts?.find((source) => source.startsWith("'nonce-")) ?? '') ?? [];
  return nonce ?? (isAllowed(scripts) ? '' : undefined);
}
