import type { LogEntry } from '../request-log.ts';
import { escape } from './layout.ts';

const names: Readonly<Record<LogEntry['from'], string>> = {
  browser: 'Browser',
  extension: 'Extension',
  platform: 'Platform',
  storage: 'Tables',
  you: 'You',
};

const party = (one: LogEntry['from']): string => `<b class="party ${one}">${names[one]}</b>`;

function statusBadge({ status, method, took_ms }: LogEntry): string {
  if (status === null) return method !== undefined && took_ms === null ? '<span class="badge wait">waiting</span>' : '';
  if (status === 0) return '<span class="badge no">no answer</span>';
  return `<span class="badge${status >= 400 ? ' no' : ''}">${status}</span>`;
}

function facts({ credential, signature, cache, user, notes, took_ms }: LogEntry): string {
  const all = [
    credential &&
      `<span class="fact${credential.state === 'live' ? '' : ' bad'}">${escape(`${credential.kind} …${credential.last_four}`)}${credential.state === 'live' ? '' : `, ${credential.state}`}</span>`,
    signature && `<span class="fact${signature === 'valid' ? '' : ' bad'}">signature ${signature}</span>`,
    cache && `<span class="fact">cache: ${escape(cache)}</span>`,
    user && `<span class="fact">as ${escape(user)}</span>`,
    ...notes.map((note) => `<span class="fact">${escape(note.slice(0, 120))}</span>`),
    took_ms === null ? undefined : `<span class="soft">${Math.round(took_ms)} ms</span>`,
  ];
  return all.filter(Boolean).join(' ');
}

/** One line of the log, as HTML. The rest of it is fetched when it is opened. */
export function lineHtml(entry: LogEntry): string {
  const { id, at, from, to, what, method, kind } = entry;
  const target = `/tools/log/${id}`;
  const head = `<time datetime="${at}">${at.slice(11, 23)}</time> <span class="way">${party(from)} → ${party(to)}</span> ${statusBadge(entry)}
<span class="what">${escape(what)}</span> <span class="facts">${facts(entry)}</span>`;
  const whole =
    method === undefined && kind !== 'switch'
      ? ''
      : `<div class="whole" data-source="${target}/whole"><a href="${target}">Show the whole request</a></div>`;
  return `<li id="line-${id}" data-at="${at}" class="line ${kind}"><details><summary>${head}</summary>${whole}</details></li>`;
}

const headersHtml = (headers: Record<string, string>): string =>
  Object.entries(headers)
    .map(([name, value]) => `${escape(name)}: ${escape(value)}`)
    .join('\n');

/** Everything that is known of a request, secrets masked, as HTML. */
export function wholeHtml({ method, url, request, response, status, notes }: LogEntry): string {
  const block = (title: string, text: string) =>
    `<h3>${title}</h3><pre tabindex="0" aria-label="${title}">${text}</pre>`;
  const first = method === undefined ? '' : `${escape(`${method} ${url ?? ''}`)}\n`;
  const asked = request
    ? `${first}${headersHtml(request.headers)}${request.body === '' ? '' : `\n\n${escape(request.body)}`}`
    : first;
  const answered = response
    ? `${status ?? ''}\n${headersHtml(response.headers)}${response.body === '' ? '' : `\n\n${escape(response.body)}`}`
    : '';
  return `${block('Request', asked.trim())}${answered === '' ? '' : block('Answer', answered.trim())}${notes.length === 0 ? '' : block('Notes', escape(notes.join('\n')))}
<p class="soft">Of secrets only the last four characters are shown.</p>`;
}
