import { setTimeout as wait } from 'node:timers/promises';
import { CloudWatchLogsClient, paginateFilterLogEvents } from '@aws-sdk/client-cloudwatch-logs';
import { awsClientOptions } from '../../../shared/aws-client-options.ts';
import { type DeployedStack, listStackResources } from '../deployed-stack.ts';

/** Where a function writes, or the gateway. */
export interface LogGroup {
  readonly name: string;
  /** The function's id as consoles show it, or `gateway`. */
  readonly source: string;
}

/** One line of a log group. */
export interface LogLine {
  readonly id: string;
  readonly atMs: number;
  readonly source: string;
  readonly text: string;
}

/** The log groups of a deployed stack, those of its functions first. */
export async function findLogGroups(stack: Pick<DeployedStack, 'name' | 'region'>): Promise<LogGroup[]> {
  return (await listStackResources(stack)).flatMap(
    ({ ResourceType: type, LogicalResourceId: id = '', PhysicalResourceId: name }) =>
      type === 'AWS::Logs::LogGroup' && name ? [{ name, source: sourceOf(id) }] : [],
  );
}

/** `PlatformProxyLogB61334F6` → `PlatformProxy`. */
function sourceOf(logicalId: string): string {
  if (logicalId.startsWith('ApiAccessLog')) return 'gateway';
  return logicalId.replace(/^Resource(?=.)/, '').replace(/Log[0-9A-F]{8}$/, '');
}

/** What to read. Times are epoch milliseconds. */
export interface Reading {
  readonly groups: readonly LogGroup[];
  readonly sinceMs: number;
  readonly filterPattern: string | undefined;
}

/** CloudWatch takes five of these requests a second of an account in most regions. */
const atOnce = 3;
const pauseMs = 250;
/** A line may be found this much later than it was written. */
const latenessMs = 30_000;

export class LogReader {
  readonly #client: CloudWatchLogsClient;

  constructor(region: string) {
    this.#client = new CloudWatchLogsClient({
      region,
      ...awsClientOptions({ requestTimeoutMs: 20_000 }),
      retryMode: 'adaptive',
      maxAttempts: 6,
    });
  }

  /** All lines up to now, oldest first; the newest `most` of each group at most. */
  async read({ groups, sinceMs, filterPattern }: Reading, most: number, signal?: AbortSignal): Promise<LogLine[]> {
    const lines: LogLine[] = [];
    const left = [...groups];
    const work = async (): Promise<void> => {
      for (let group = left.shift(); group !== undefined; group = left.shift()) {
        lines.push(...(await this.#readGroup(group, sinceMs, filterPattern, most, signal)));
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    return lines.toSorted((one, other) => one.atMs - other.atMs);
  }

  /** Hands on lines as they come, until the signal: each once, those of one look in order. */
  async follow(
    reading: Reading,
    known: readonly LogLine[],
    take: (line: LogLine) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const seen = new Map(known.map(({ id, atMs }) => [id, atMs]));
    while (!signal.aborted) {
      const fromMs = Date.now() - latenessMs;
      const found: LogLine[] = [];
      for (const group of reading.groups) {
        found.push(
          ...(await this.#readGroup(
            group,
            Math.max(reading.sinceMs, fromMs),
            reading.filterPattern,
            Number.POSITIVE_INFINITY,
            signal,
          )),
        );
        await wait(pauseMs, undefined, { signal }).catch(() => undefined);
        if (signal.aborted) return;
      }
      for (const line of found.toSorted((one, other) => one.atMs - other.atMs)) {
        if (!seen.has(line.id)) take(line);
        seen.set(line.id, line.atMs);
      }
      for (const [id, atMs] of seen) if (atMs < fromMs - latenessMs) seen.delete(id);
    }
  }

  async #readGroup(
    { name, source }: LogGroup,
    startTime: number,
    filterPattern: string | undefined,
    most: number,
    signal: AbortSignal | undefined,
  ): Promise<LogLine[]> {
    const lines: LogLine[] = [];
    try {
      const pages = paginateFilterLogEvents(
        { client: this.#client },
        { logGroupName: name, startTime, ...(filterPattern !== undefined && { filterPattern }) },
        { ...(signal && { abortSignal: signal }) },
      );
      for await (const { events = [] } of pages) {
        for (const { eventId: id = '', timestamp: atMs = 0, message = '' } of events) {
          lines.push({ id: id || `${atMs} ${message}`, atMs, source, text: message.trimEnd() });
        }
        if (lines.length > most) lines.splice(0, lines.length - most);
        if (signal?.aborted) break;
      }
    } catch (error) {
      if (signal?.aborted) return lines;
      // A function that was never called has no log yet, where CloudFormation did not make it.
      if (error instanceof Error && error.name === 'ResourceNotFoundException') return [];
      throw error;
    }
    return lines;
  }

  close(): void {
    this.#client.destroy();
  }
}
