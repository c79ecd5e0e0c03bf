import type { State } from './state.ts';

const longest = 20_000;
/** What values of these names are is nobody's to read, whatever they look like. */
const secretNames = new Set([
  'access_token',
  'refresh_token',
  'authorization',
  'client_secret',
  'code_verifier',
  'cookie',
  'password',
  'secret',
  'session',
  'token',
]);
/** The same where JSON is cut off, and cannot be read as JSON. */
const secretFields = new RegExp(`("(?:${[...secretNames].join('|')})"\\s*:\\s*")([^"]+)`, 'g');
/** In addresses, wherever they stand. */
const secretParameters = new RegExp(`([?&](?:state|${[...secretNames].join('|')})=)([^&\\s"]+)`, 'g');
/** Tokens and codes of this platform; sealed texts of the extension's. */
const secretForms = /[\w.~+/=-]*\b(?:oa|rt|code)-[0-9a-f]{16,40}\b|\beyJ[\w-]+\.[\w.-]{16,}/g;

/** The last four characters: enough to recognise a token in the log, too few to use it. */
export const lastFour = (secret: string): string => secret.slice(-4);

const masked = (secret: string): string => (secret.length < 12 ? '…' : `…${lastFour(secret)}`);

/** Secrets by their form and by what the platform knows; the API key is none. */
function maskText({ extension, subscribers }: State, text: string): string {
  const known = [
    extension.apiSecret,
    Buffer.from(`${extension.apiKey}:${extension.apiSecret}`).toString('base64'),
    ...subscribers.all().flatMap(({ auth_meta }) => auth_meta?.secret ?? []),
  ];
  const hidden = known.reduce((rest, secret) => rest.replaceAll(secret, masked(secret)), text);
  const named = [secretFields, secretParameters].reduce(
    (rest, form) => rest.replace(form, (_, name: string, value: string) => `${name}${masked(value)}`),
    hidden,
  );
  return named.replace(secretForms, (secret) => `${/(?:oa|rt|code)-/.exec(secret)?.[0] ?? ''}${masked(secret)}`);
}

function maskValue(state: State, value: unknown, name = ''): unknown {
  if (typeof value === 'string') return secretNames.has(name) ? masked(value) : maskText(state, value);
  if (Array.isArray(value)) return value.map((one) => maskValue(state, one, name));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, maskValue(state, one, key)]));
}

const maskPairs = (state: State, text: string): string =>
  text.replace(/([^&=]+)=([^&]*)/g, (whole, name: string, value: string) =>
    secretNames.has(name) || name === 'state' ? `${name}=${masked(value)}` : maskText(state, whole),
  );

/** An address whose query keeps no secret; nor the `state`, which belongs to one browser. */
export function maskUrl(state: State, url: string): string {
  const cut = url.indexOf('?');
  return cut < 0
    ? maskText(state, url)
    : `${maskText(state, url.slice(0, cut))}?${maskPairs(state, url.slice(cut + 1))}`;
}

/** Headers as a person may see them. Of cookies only the names stay. */
export function maskHeaders(state: State, headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      if (name === 'cookie' || name === 'set-cookie') return [name, value.replace(/=[^;,]*/g, '=…')];
      if (name === 'authorization') {
        const [scheme = '', credential = ''] = value.split(' ');
        return [name, `${scheme} ${masked(credential)}`];
      }
      return [name, name === 'location' ? maskUrl(state, value) : maskText(state, value)];
    }),
  );
}

/**
 * A body as a person may see it: JSON laid out, forms as pairs, its first 20,000 characters; what is no text by its
 * size.
 */
export function maskBody(state: State, body: Buffer | string, type = ''): string {
  const bytes = Buffer.from(body);
  if (bytes.length === 0) return '';
  const text = bytes.subarray(0, longest).toString('utf8');
  if (text.slice(0, -4).includes('\ufffd')) return `${bytes.length} bytes that are no text`;
  if (type.startsWith('text/html')) return `A page of ${bytes.length} bytes`;
  if (/x-www-form-urlencoded/.test(type)) return maskPairs(state, text).replaceAll('&', '\n&');
  return bytes.length > longest ? `${maskText(state, text)}\n… of ${bytes.length} bytes` : maskJson(state, text);
}

function maskJson(state: State, text: string): string {
  try {
    return JSON.stringify(maskValue(state, JSON.parse(text)), undefined, 2);
  } catch {
    return maskText(state, text);
  }
}
