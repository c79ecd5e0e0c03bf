import type { Session } from '../../../shared/session/sessions.ts';
import { handedByName, type TabSessionMessage, tabKey } from '../../../shared/tab-session.ts';
import type { Tenant } from '../../../shared/tenant.ts';
import { escapeHtml } from './html.ts';
import type { HttpRequest, HttpResponse, WayOut } from './http-messages.ts';
import { pageTextsFor } from './page-texts.ts';
import { page } from './responses.ts';

/** What an address of a sign-in has besides that is to end in a window of its own. */
export const inWindow = '&display=window';

/** For a script in a page: no text in it ends the script. */
const inScript = (value: unknown) => JSON.stringify(value).replaceAll('<', '\\u003c');

/**
 * For a browser that keeps no cookie in the frame: goes on with a session that the tab holds and that has not ended, else
 * offers to sign in in a window, where cookies are kept, and takes what that hands over. Of messages it takes the one that
 * comes from our own origin, out of the very window that it opened, for this tenant.
 * @param signIn where the window begins, a path of ours.
 * @param path where people land.
 */
export function newWindow({ kind, id }: Tenant, signIn: string, path: string): WayOut {
  const settings = {
    key: tabKey('session', kind, id),
    backKey: tabKey('return', kind, id),
    field: `${kind}_id`,
    id,
    path,
  };
  return (nonce, texts) => `<p>${texts.noCookies}</p>
<p><a class="button" id="window" href="${escapeHtml(signIn)}" target="_blank">${texts.openWindow}</a></p>
<script nonce="${nonce}">
{
  const { key, backKey, field, id, path } = ${inScript(settings)};
  const link = document.getElementById('window');
  const go = (to) => {
    const url = new URL(to, location.origin);
    url.searchParams.set('session', 'tab');
    location.replace(url);
  };
  let held, back, opened;
  try {
    held = JSON.parse(sessionStorage.getItem(key));
    back = sessionStorage.getItem(backKey);
    sessionStorage.removeItem(backKey);
  } catch {}
  if (held?.expires_at > Date.now() / 1000) go(back || path);
  if (back) link.href += '&redirect_path=' + encodeURIComponent(back);
  link.onclick = () => !(opened = open(link.href, '_blank', 'popup,width=600,height=720'));
  addEventListener('message', ({ origin, source, data }) => {
    if (origin !== location.origin || !opened || source !== opened) return;
    if (data?.type !== 'extension-session' || data[field] !== id) return;
    opened = undefined;
    const text = JSON.stringify({ session: data.session, expires_at: data.expires_at });
    try {
      sessionStorage.setItem(key, text);
    } catch {
      window.name = '${handedByName}' + JSON.stringify({ [key]: text });
    }
    go(data.path);
  });
}
</script>`;
}

/**
 * The end of a sign-in in a window of its own: hands the session to whoever opened the window, if that is a page of our own
 * origin, and closes. Without anybody there it goes to the launch page, where the cookie counts.
 */
export function handOverPage(
  { headers }: Pick<HttpRequest, 'headers'>,
  { tenant, expiresAt }: Session,
  session: string,
  path: string,
): HttpResponse {
  const message = {
    type: 'extension-session',
    [`${tenant.kind}_id`]: tenant.id,
    session,
    expires_at: expiresAt,
    path,
  } satisfies TabSessionMessage;
  const texts = pageTextsFor(headers['accept-language']);
  const body = (nonce: string) => `<h1>${texts.signedIn}</h1>
<p><a href="${escapeHtml(path)}">${texts.closeWindow}</a></p>
<script nonce="${nonce}">
{
  const message = ${inScript(message)};
  if (window.opener) {
    window.opener.postMessage(message, location.origin);
    close();
  } else location.replace(message.path);
}
</script>`;
  return { ...page(texts, { title: texts.signedIn, body, framedBy: ["'none'"] }), outcome: 'hands_over' };
}
