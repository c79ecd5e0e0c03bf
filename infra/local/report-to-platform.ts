import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { paths } from '../../shared/contract.ts';
import type { OnDynamoDbRequest } from './dynamodb/dynamodb.ts';
import { closeServer, listenInternally } from './host/listen.ts';
import { type LogEntry, shortName } from './host/log-entry.ts';
import { readBody } from './host/read-body.ts';
import type { LocalExtension } from './start-local-extension.ts';

/** A line of the simulated platform's log, as its `POST /__control/log` takes it. */
type Line = Readonly<Record<string, unknown>>;

export interface PlatformReporter {
  /** Takes what the local runtime logs. */
  log(entry: LogEntry): void;
  readonly onDynamoDbRequest: OnDynamoDbRequest;
  /** Says that the extension is there, and which schedules it can run when the platform's panel asks for it. */
  announce(extension: Pick<LocalExtension, 'schedules' | 'runSchedule'>): Promise<void>;
  close(): Promise<void>;
}

const pauseMilliseconds = 100;
const mostLines = 500;
/** Scripts, styles and pictures that came as they should teach nothing. */
const pageFile = /\.(?:js|css|svg|png|jpe?g|webp|ico|woff2?|json|txt)$/;
/** What the platform calls itself: it stands in its log already. */
const calledByPlatform: readonly string[] = [paths.webhookEvents, paths.autoInstall, paths.uninstall, '/ext/'];

/**
 * Tells the simulated platform what it cannot see: the browser's calls to the extension, what their cache did, and the
 * tables. Over its documented control calls, as any other runtime may. A platform that does not listen is no failure.
 */
export function reportToPlatform(platformUrl: string): PlatformReporter {
  let lines: Line[] = [];
  let timer: NodeJS.Timeout | undefined;
  const closers: (() => Promise<void>)[] = [];
  const call = async (method: string, path: string, body: unknown) => {
    await fetch(`${platformUrl}/__control/${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(2000),
    }).catch(() => undefined);
  };
  const flush = async () => {
    timer = undefined;
    const sent = lines.slice(0, mostLines);
    lines = [];
    await call('POST', 'log', sent);
  };
  const report = (line: Line) => {
    lines.push(line);
    timer ??= setTimeout(() => void flush(), pauseMilliseconds);
  };
  return {
    log(entry) {
      const line = lineOf(entry);
      if (line) report(line);
    },
    onDynamoDbRequest(operation, tables, input) {
      const [, key = ''] = /"((?:company|organization)#[^"]*)"/.exec(JSON.stringify(input)) ?? [];
      const [, company] = /^company#(\d+)/.exec(key) ?? [];
      const names = tables.map((name) => shortName(name.replace(/-[0-9a-f]{8}$/, ''))).join(', ');
      report({
        at: new Date().toISOString(),
        from: 'extension',
        to: 'storage',
        kind: 'storage',
        what: `${operation} ${names} ${key.replace(/[0-9a-f]{32,}$/, (digest) => `${digest.slice(0, 8)}…`)}`.trim(),
        ...(company === undefined ? {} : { company }),
      });
    },
    async announce(extension) {
      const path = `/${randomBytes(16).toString('hex')}`;
      const server = createServer((request, response) => {
        const answer = async () => {
          if (request.method !== 'POST' || request.url !== path) return response.writeHead(404).end();
          const { schedule } = JSON.parse(String((await readBody(request, 10_000)) ?? '{}')) as { schedule?: string };
          await extension.runSchedule(schedule ?? '');
          return response.writeHead(204).end();
        };
        answer().catch(() => response.writeHead(500).end());
      });
      const origin = await listenInternally(server);
      closers.push(() => closeServer(server));
      await call('PUT', 'runtime', { name: 'npm start', schedules: extension.schedules, run_url: `${origin}${path}` });
    },
    async close() {
      clearTimeout(timer);
      for (const close of closers) await close();
    },
  };
}

function lineOf(entry: LogEntry): Line | undefined {
  if (entry.kind === 'batch') {
    const { functionName, messages, failed, milliseconds } = entry;
    const work = `${messages} ${messages === 1 ? 'message' : 'messages'} from the queue`;
    return {
      at: began(milliseconds),
      from: 'extension',
      what: `${functionName} works on ${work}${failed > 0 ? `: ${failed} failed` : ''}`,
      took_ms: milliseconds,
    };
  }
  if (entry.kind !== 'request' || calledByPlatform.some((path) => entry.path.startsWith(path))) return undefined;
  const { method, path, status, milliseconds, functionName, cacheStatus, problemCode } = entry;
  if (status < 400 && pageFile.test(path)) return undefined;
  return {
    at: began(milliseconds),
    method,
    url: path,
    status,
    took_ms: milliseconds,
    notes: [functionName && `function ${functionName}`, problemCode].filter(Boolean),
    ...(cacheStatus === undefined ? {} : { cache: cacheStatus }),
  };
}

const began = (milliseconds: number): string => new Date(Date.now() - milliseconds).toISOString();
