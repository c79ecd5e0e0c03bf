// What the panel does beyond its HTML: every page works without it.
document.documentElement.classList.add('scripted');

const said = document.getElementById('said');
const log = document.getElementById('log');

function say({ ok, said: sentence, call }) {
  said.textContent = sentence;
  said.classList.toggle('refused', !ok);
  if (!call) return;
  const code = document.createElement('code');
  code.textContent = call;
  said.append(code);
}

/** Fetches a part of the page again, unless somebody is filling it in. */
async function refreshPart(part) {
  const { activeElement } = document;
  if (part.contains(activeElement) && activeElement.matches('input, select, textarea')) return;
  const answer = await fetch(part.dataset.part).catch(() => undefined);
  if (!answer?.ok) return;
  const html = await answer.text();
  if (html === part.lastHtml) return;
  const focused = part.contains(document.activeElement) ? document.activeElement.id : '';
  const chosen = part.querySelector('select')?.value;
  const closed = part.querySelector('details:not([open])') !== null;
  part.innerHTML = html;
  part.lastHtml = html;
  for (const option of part.querySelectorAll('option')) if (option.value === chosen) option.selected = true;
  if (closed) part.querySelector('details')?.removeAttribute('open');
  if (focused !== '') document.getElementById(focused)?.focus();
}

let waiting;
function refreshSoon() {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    for (const part of document.querySelectorAll('[data-part]')) void refreshPart(part);
  }, 250);
}

const isAtEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 60;

function showLine({ id, at, html }) {
  document.getElementById('log-empty')?.classList.add('silent');
  const known = document.getElementById(`line-${id}`);
  const follows = isAtEnd();
  if (known) {
    const isOpen = known.querySelector('details').open;
    if (isOpen) return;
    known.outerHTML = html;
  } else {
    const earlier = [...log.children].findLast((line) => line.dataset.at <= at);
    if (earlier) earlier.insertAdjacentHTML('afterend', html);
    else log.insertAdjacentHTML('afterbegin', html);
  }
  if (follows) log.scrollTop = log.scrollHeight;
}

async function reloadLog() {
  const answer = await fetch(log.dataset.lines).catch(() => undefined);
  if (!answer?.ok || log.querySelector('details[open]')) return;
  log.innerHTML = await answer.text();
  log.scrollTop = log.scrollHeight;
}

/** Hears of what happens while somebody looks. */
function listen() {
  let events;
  const begin = () => {
    events = new EventSource(document.body.dataset.live);
    events.addEventListener('open', () => {
      if (log) void reloadLog();
      refreshSoon();
    });
    events.addEventListener('line', ({ data }) => {
      const news = JSON.parse(data);
      if (log && news.id) showLine(news);
      refreshSoon();
    });
    events.addEventListener('reset', () => {
      log?.replaceChildren();
      refreshSoon();
    });
  };
  document.addEventListener('visibilitychange', () => {
    events?.close();
    if (!document.hidden) begin();
  });
  if (!document.hidden) begin();
}

async function makeCall(form, submitter) {
  const body = new URLSearchParams(new FormData(form, submitter));
  const answer = await fetch(form.action, { method: 'POST', headers: { accept: 'application/json' }, body }).catch(
    () => undefined,
  );
  say(answer ? await answer.json() : { ok: false, said: 'The simulated platform does not answer.', call: '' });
  refreshSoon();
}

document.addEventListener('submit', (event) => {
  if (!event.target.matches('[data-call]')) return;
  event.preventDefault();
  void makeCall(event.target, event.submitter);
});

document.addEventListener('change', ({ target }) => {
  if (target.matches('[data-submits]')) target.form.requestSubmit();
});

/** The whole request of a line, once somebody opens it. */
async function showWhole(whole) {
  if (!whole || whole.dataset.loaded) return;
  whole.dataset.loaded = 'yes';
  const answer = await fetch(whole.dataset.source).catch(() => undefined);
  if (answer?.ok) whole.innerHTML = await answer.text();
}

document.addEventListener(
  'toggle',
  ({ target }) => {
    if (target.open) void showWhole(target.querySelector?.(':scope > .whole'));
  },
  true,
);

async function fillSample(target) {
  const event = document.getElementById('editor-event').value;
  const answer = await fetch(`${target.dataset.sample}?${new URLSearchParams({ event })}`);
  if (answer.ok) document.getElementById('payload').value = JSON.stringify(await answer.json(), undefined, 2);
}

document.addEventListener('click', ({ target }) => {
  if (target.matches('[data-sample]')) void fillSample(target);
});

if (log) log.scrollTop = log.scrollHeight;
if (document.body.dataset.live) listen();
