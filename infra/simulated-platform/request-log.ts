/** Who calls and who is called. `storage`: the extension's own tables; `you`: the person at the panel, or a test. */
export const parties = ['browser', 'extension', 'platform', 'storage', 'you'] as const;
type Party = (typeof parties)[number];

/** What a line of the log is about. */
export const logKinds = ['sign-in', 'token', 'api', 'webhook', 'lifecycle', 'extension', 'storage', 'switch'] as const;
export type LogKind = (typeof logKinds)[number];

/** A message as a person may see it: no secret is in it. */
type Shown = { headers: Record<string, string>; body: string };

/** One line of the log: a request between browser, extension and platform, or what somebody switched. */
export type LogEntry = {
  id: number;
  /** When it began. */
  at: string;
  from: Party;
  to: Party;
  kind: LogKind;
  /** What it means, as a sentence. */
  what: string;
  method?: string | undefined;
  url?: string | undefined;
  /** null: not answered yet; 0: the connection was closed without an answer. */
  status: number | null;
  took_ms: number | null;
  company?: string | undefined;
  organization?: string | undefined;
  user?: string | undefined;
  /** What was shown to get in: `offline access token`, and whether it worked then. */
  credential?:
    | { kind: string; last_four: string; state: 'live' | 'expired' | 'revoked' | 'used' | 'unknown' }
    | undefined;
  signature?: 'valid' | 'invalid' | 'absent' | undefined;
  /** What the extension's cache did, as its runtime reports it. */
  cache?: string | undefined;
  /** More that is worth knowing, such as a fault that struck. */
  notes: string[];
  request?: Shown | undefined;
  response?: Shown | undefined;
};

/** Which lines are meant: those that agree with all that is given. A line of no tenant belongs to every tenant. */
export type LogFilter = {
  kind?: LogKind | undefined;
  company?: string | undefined;
  organization?: string | undefined;
  text?: string | undefined;
};

/** Told of a new line or of one that changed; of `reset` when all are gone. */
type Listener = (news: LogEntry | 'reset') => void;

const most = 2000;

function concerns(entry: LogEntry, { company, organization }: LogFilter): boolean {
  if (company === undefined && organization === undefined) return true;
  const isNobodys = entry.company === undefined && entry.organization === undefined;
  return isNobodys || (entry.company === company && entry.organization === organization);
}

/** Whether a line is meant. */
export function fits(entry: LogEntry, filter: LogFilter): boolean {
  const { kind, text } = filter;
  const { what, method, url, status, user, credential, notes } = entry;
  return (
    (kind === undefined || entry.kind === kind) &&
    concerns(entry, filter) &&
    (text === undefined ||
      [what, method, url, status, user, credential?.kind, credential?.last_four, ...notes]
        .join(' ')
        .toLowerCase()
        .includes(text.toLowerCase()))
  );
}

/** What happened, in the order in which it began; beyond two thousand lines the oldest are forgotten. */
export function createRequestLog() {
  let entries: LogEntry[] = [];
  let last = 0;
  const listeners = new Set<Listener>();
  const tell = (news: LogEntry | 'reset') => {
    for (const listen of listeners) listen(news);
  };
  return {
    add(given: Omit<LogEntry, 'id' | 'at' | 'notes'> & Partial<Pick<LogEntry, 'at' | 'notes'>>): LogEntry {
      const entry: LogEntry = { at: new Date().toISOString(), notes: [], ...given, id: ++last };
      // What is reported after it ended stands where it began.
      const place = entries.findLastIndex(({ at }) => at <= entry.at) + 1;
      entries.splice(place, 0, entry);
      if (entries.length > most) entries.shift();
      tell(entry);
      return entry;
    },
    change(entry: LogEntry, to: Partial<LogEntry>): void {
      Object.assign(entry, to);
      tell(entry);
    },
    list: (filter: LogFilter = {}): LogEntry[] => entries.filter((entry) => fits(entry, filter)),
    find: (id: number): LogEntry | undefined => entries.find((entry) => entry.id === id),
    /** Tells of everything from now on, until the given function is called. */
    follow(listener: Listener): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    reset(): void {
      entries = [];
      tell('reset');
    },
  };
}

/** The log of a running platform. */
export type RequestLog = ReturnType<typeof createRequestLog>;
