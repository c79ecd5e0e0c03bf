import { controlRoute } from '../control.ts';
import { type Answer, type HttpClient, json, jsonObject, redirect } from '../http.ts';
import type { State } from '../state.ts';
import { escape } from './layout.ts';
import { localPath } from './paths.ts';

/** A control call as a form makes it. `{name}` in `call` is a field of the form; in `done` one of the answer. */
type Call = { call: string; fixed?: Record<string, unknown>; done: string; next: string };

/** A form that is a control call. `inner`: its fields and button, as HTML; names are those of `fieldName`. */
export function callForm({ call, fixed = {}, done, next }: Call, inner: string, attributes = ''): string {
  const hidden = Object.entries({ call, fixed: JSON.stringify(fixed), done, next }).map(
    ([name, value]) => `<input type="hidden" name="${name}" value="${escape(value)}">`,
  );
  return `<form method="post" action="/tools/call" data-call ${attributes}>${hidden.join('')}${inner}</form>`;
}

/** A single button that is a control call. */
export const callButton = (call: Call, label: string, look: { id?: string; kind?: string } = {}): string =>
  callForm(
    call,
    `<button${look.id === undefined ? '' : ` id="${look.id}"`}${look.kind === undefined ? '' : ` class="${look.kind}"`}>${escape(label)}</button>`,
    'class="inline"',
  );

/** How a field of a form is called that becomes a field of the JSON: text, number, JSON, yes or no, list. */
export const fieldName = (type: 'text' | 'number' | 'json' | 'boolean' | 'list', path: string): string =>
  `${type}:${path}`;

/** Puts a value where the path leads. */
function put(into: Record<string, unknown>, path: string, value: unknown): void {
  const [name = '', ...rest] = path.split('.');
  if (rest.length === 0) {
    into[name] = value;
    return;
  }
  const inner = into[name];
  const next = typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>) : {};
  into[name] = next;
  put(next, rest.join('.'), value);
}

function valueOf(type: string, texts: string[]): unknown {
  const [text = ''] = texts;
  if (type === 'list') return texts.filter((one) => one !== '');
  if (text === '') return undefined;
  if (type === 'number') return text === 'null' ? null : Number(text);
  if (type === 'boolean') return text === 'true';
  return type === 'json' ? (JSON.parse(text) as unknown) : text;
}

/** The JSON that the form stands for. Throws a SyntaxError with the field's name where a field is not JSON. */
function bodyOfForm(form: URLSearchParams): Record<string, unknown> {
  const body = structuredClone(jsonObject(Buffer.from(form.get('fixed') ?? '{}')) ?? {});
  for (const field of new Set(form.keys())) {
    const [, type, path] = /^(text|number|json|boolean|list):([\w:.*-]+)$/.exec(field) ?? [];
    if (type === undefined || path === undefined) continue;
    try {
      const value = valueOf(type, form.getAll(field));
      if (value !== undefined) put(body, path, value);
    } catch {
      throw new SyntaxError(`${path} is not JSON`);
    }
  }
  return body;
}

/** Takes a field out of the body, for the address. */
function take(body: Record<string, unknown>, name: string): string {
  const { [name]: value } = body;
  delete body[name];
  return encodeURIComponent(typeof value === 'string' ? value : '');
}

const inWords = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : Array.isArray(value) ? value.join(', ') : '';

async function perform(
  state: State,
  httpClient: HttpClient,
  form: URLSearchParams,
): Promise<{ ok: boolean; said: string; call: string }> {
  const [, method = '', address = ''] = /^(POST|PUT|DELETE) (\/[\w/.%{}-]*)$/.exec(form.get('call') ?? '') ?? [];
  try {
    const body = bodyOfForm(form);
    const url = `/__control${address.replace(/\{(\w+)\}/g, (_, name: string) => take(body, name))}`;
    const text = method === 'DELETE' ? '' : JSON.stringify(body);
    const answer = await controlRoute(state)({
      ...httpClient,
      method,
      url,
      path: url,
      query: new URLSearchParams(),
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(text),
    });
    const given = jsonObject(Buffer.from(answer?.body ?? '')) ?? {};
    const call = `${method} ${url}${text === '' || text === '{}' ? '' : ` ${text}`}`;
    if (answer && answer.status < 400) {
      const said = (form.get('done') ?? '').replace(/\{(\w+)\}/g, (_, name: string) => inWords(given[name]));
      return { ok: true, said, call };
    }
    const issues = Array.isArray(given['issues']) ? given['issues'].map(String) : [inWords(given['message'])];
    return { ok: false, said: `Not done: ${issues.join('; ')}.`, call };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { ok: false, said: `Not done: ${error.message}.`, call: '' };
  }
}

/** Makes the control call that the form stands for, and says what came of it. */
export async function answerCall(state: State, httpClient: HttpClient): Promise<Answer> {
  const form = new URLSearchParams(httpClient.body.toString('utf8'));
  const outcome = await perform(state, httpClient, form);
  if (httpClient.headers['accept'] === 'application/json') return json(outcome.ok ? 200 : 400, outcome);
  const target = new URL(localPath(form.get('next')), state.origin);
  target.searchParams.set('notice', outcome.said);
  return { ...redirect(`${target.pathname}${target.search}`), status: 303 };
}
