import type { State } from '../state.ts';
import type { User } from '../world.ts';

/** Text as HTML, in content and in quoted attributes. */
export const escape = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** A whole page. `body` is HTML; `live`: where the script hears of what happens. */
export const layout = (title: string, body: string, live = ''): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><title>${escape(title)}</title><link rel="stylesheet" href="/tools/panel.css">
<script type="module" src="/tools/panel.js"></script></head><body${live === '' ? '' : ` data-live="${escape(live)}"`}>
${body}
</body></html>
`;

/** A page that says one thing, and offers the way back. Text, not HTML. */
export const messagePage = (title: string, message: string): string =>
  layout(
    title,
    `<main class="narrow"><div class="card"><h1>${escape(title)}</h1><p>${escape(message)}</p>
<p><a class="button" href="/" target="_top">To the panel</a></p></div></main>`,
  );

const links = [
  ['/', 'Companies'],
  ['/tools/people', 'People'],
  ['/tools/faults', 'Faults'],
  ['/tools/log', 'Log'],
  ['/tools/guide', 'Guide'],
] as const;

/** What stands out at the top: faults that are on, and that the platform does not behave as usual. */
function alarm({ interceptions, settings }: State, usual: string): string {
  const faults = interceptions.faults().length;
  const isUnusual = JSON.stringify(settings) !== usual;
  const texts = [
    ...(faults === 0 ? [] : [`${faults} ${faults === 1 ? 'fault is' : 'faults are'} on`]),
    ...(isUnusual ? ['behaviour was changed'] : []),
  ];
  return texts.length === 0 ? '' : `<a class="badge wait" href="/tools/faults">${texts.join(' · ')}</a>`;
}

/** A page of the panel: who is signed in, where one can go, and `main`, which is HTML. */
export function panelPage(
  state: State,
  page: {
    title: string;
    user: User;
    here: string;
    main: string;
    live?: string;
    notice?: string | null;
    column?: boolean;
  },
): string {
  const { title, user, here, main, live = '/tools/log/events', notice, column = false } = page;
  const people = state.users
    .all()
    .map(
      ({ key, first_name, last_name, role }) =>
        `<option value="${escape(key)}"${key === user.key ? ' selected' : ''}>${escape(`${first_name} ${last_name}, ${role}`)}</option>`,
    );
  const navigation = links.map(
    ([href, label]) => `<a href="${href}"${href === here ? ' aria-current="page"' : ''}>${label}</a>`,
  );
  return layout(
    `${title} · Simulated Fynd Platform`,
    `<a class="skip" href="#main">Skip to the content</a>
<header><a class="mark" href="/">Simulated Fynd Platform</a><nav aria-label="Panel">${navigation.join('')}</nav>
<span data-part="/tools/parts/alarm">${alarmPart(state)}</span>
<form method="post" action="/signin" id="signin"><input type="hidden" name="next" value="${escape(here)}">
<label for="user">Signed in as</label><select id="user" name="user" data-submits>${people.join('')}</select>
<button class="without-script">Switch</button></form></header>
<p id="said" role="status">${notice ? escape(notice) : ''}</p>
<main id="main" tabindex="-1"${column ? ' class="column"' : ''}>${main}</main>`,
    live,
  );
}

/** The part of each page that tells of switches that are on. */
export const alarmPart = (state: State): string => alarm(state, state.usualSettings);
