import type { LogEntry } from '../../infra/local/host/log-entry.ts';
import { isHandled } from '../../infra/simulated-platform/deliver.ts';
import type { Delivery } from '../../infra/simulated-platform/deliveries.ts';
import type { RequestRecord } from '../../infra/simulated-platform/http.ts';

/** All moments are epoch milliseconds of one clock: everything that is observed runs in this process. */
export interface SeenRequest {
  readonly at: number;
  readonly company: string;
  readonly path: string;
  /** What becomes of it is noted here when it is known. */
  readonly record: RequestRecord;
  /** For a refresh. */
  readonly refreshToken: string | undefined;
}

/** A handler's sign of life, out of the calls that it makes. */
export interface Sign {
  readonly at: number;
  readonly company: string;
  readonly step: string;
  readonly what: string;
  readonly run: string;
  readonly record: RequestRecord;
}

export interface SentEvent {
  readonly seq: number;
  readonly company: string;
  readonly sentAt: number;
  /** When the extension's 200 was there. */
  acceptedAt?: number;
  readonly finished: PromiseWithResolvers<void>;
}

/** What this soak did to a company. */
export interface Deed {
  readonly at: number;
  until: number;
  readonly company: string;
  readonly what: 'uninstall' | 'uninstall told' | 'auto-install' | 'install' | 'launch';
  answer?: string;
}

export interface Kill {
  readonly at: number;
  readonly functionName: string;
  /** Whose work it was in the middle of; undefined where the event does not tell. */
  readonly company: string | undefined;
}

/** A write to a company's installation, as it was asked for: its condition may have failed. */
export interface TableWrite {
  readonly at: number;
  readonly company: string;
  readonly what: 'renew' | 'reauthorize' | 'uninstall' | 'install';
}

/** A line of JSON from a function. */
export interface LogLine {
  readonly at: number;
  readonly source: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const signPath = /^\/service\/platform\/catalog\/v1\.0\/company\/(\d+)\/__echo\/(start|end)\/([\w-]+)\/([\w-]+)$/;

/** Whatever can be seen from outside, in the order in which it happened. */
export class Evidence {
  readonly startedAt = Date.now();
  readonly requests: SeenRequest[] = [];
  readonly signs: Sign[] = [];
  readonly events: SentEvent[] = [];
  readonly deeds: Deed[] = [];
  readonly kills: Kill[] = [];
  readonly writes: TableWrite[] = [];
  readonly lines: LogLine[] = [];
  dynamoDbCalls = 0;
  handled = 0;

  readonly onRequest = (record: RequestRecord): void => {
    const at = Date.now();
    const [path = ''] = record.url.split('?');
    const [, company = ''] = /\/company\/(\d+)/.exec(path) ?? [];
    const form = path.endsWith('/oauth/token') ? Buffer.from(record.body_base64, 'base64').toString() : '';
    const refreshToken = new URLSearchParams(form).get('refresh_token') ?? undefined;
    this.requests.push({ at, company, path, record, refreshToken });
    const [, , step, what, run] = signPath.exec(path) ?? [];
    if (step && what && run) this.signs.push({ at, company, step, what, run, record });
  };

  readonly onDelivered = ({ event_id, state }: Delivery): void => {
    const event = this.events[Number(/^soak-(\d+)$/.exec(event_id)?.[1] ?? 0) - 1];
    if (event === undefined) return;
    if (state === 'delivered') event.acceptedAt ??= Date.now();
    event.finished.resolve();
  };

  readonly onDynamoDbRequest = (operation: string, _tables: readonly string[], input: unknown): void => {
    this.dynamoDbCalls += 1;
    if (operation !== 'UpdateItem') return;
    const { Key: key, ExpressionAttributeValues: values = {} } = input as {
      Key?: Record<string, { S?: string }>;
      ExpressionAttributeValues?: Record<string, unknown>;
    };
    const what =
      ':reauthorize' in values
        ? 'reauthorize'
        : ':uninstalled' in values
          ? 'uninstall'
          : ':listed' in values
            ? 'install'
            : ':token' in values
              ? 'renew'
              : undefined;
    const company = /^company#(\d+)$/.exec(key?.['pk']?.S ?? '')?.[1];
    if (what !== undefined && company !== undefined) this.writes.push({ at: Date.now(), company, what });
  };

  readonly onLog = (entry: LogEntry): void => {
    if (entry.kind !== 'output' || !entry.text.startsWith('{')) return;
    let fields: Record<string, unknown>;
    try {
      fields = JSON.parse(entry.text) as Record<string, unknown>;
    } catch {
      // The last line of an instance that was killed.
      return;
    }
    this.lines.push({ at: Date.now(), source: entry.source, fields });
    if (fields['kind'] === 'webhook' && fields['outcome'] === 'handled') this.handled += 1;
  };

  newEvent(company: string): SentEvent {
    const finished = Promise.withResolvers<void>();
    const event: SentEvent = { seq: this.events.length + 1, company, sentAt: Date.now(), finished };
    this.events.push(event);
    return event;
  }

  begin(company: string, what: Deed['what']): Deed {
    const deed: Deed = { at: Date.now(), until: Infinity, company, what };
    this.deeds.push(deed);
    return deed;
  }
}

/** Whether the platform did what was asked. */
export const tookEffect = ({ fault }: RequestRecord): boolean => fault === undefined || isHandled(fault);

/** Whether whoever asked had the platform's own answer, whole: null while it is on its way. */
export const isAnswered = ({ status, fault }: RequestRecord): boolean =>
  status !== null &&
  status > 0 &&
  (fault === undefined || (fault.status === undefined && fault.hang_up === undefined && fault.truncate !== true));
