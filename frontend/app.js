// @ts-check
import { call, place, platform } from './platform.js';
import { loadProducts, productItem, toggleActive } from './products.js';
import { describeScope, describeSource, describeUntil, explain } from './words.js';

/**
 * What `GET /api/session` says: all that the page knows of the person.
 * @typedef {object} Session
 * @property {{ name?: string, email?: string }} user
 * @property {string[]} scopes
 * @property {string[]} missing_scopes
 * @property {number} expires_at Epoch seconds.
 */

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
const reload = /** @type {HTMLButtonElement} */ (byId('reload'));

/** @param {string} id @param {string} [text] Without it, nothing is shown. */
function say(id, text) {
  byId(id).textContent = text ?? '';
  byId(id).hidden = text === undefined;
}

async function showSession() {
  /** @type {Session} */
  const { user, scopes, missing_scopes, expires_at } = await (await call('/api/session')).json();
  byId('name').textContent = user.name ?? user.email ?? 'somebody without a name';
  byId('person').hidden = false;
  const showUntil = () => (byId('until').textContent = describeUntil(expires_at));
  showUntil();
  setInterval(showUntil, 30_000);
  byId('scopes').replaceChildren(
    ...missing_scopes.map((scope) => scopeItem(scope, 'missing')),
    ...scopes.map((scope) => scopeItem(scope, 'granted')),
  );
}

/** What is granted, or missing: then with what to do about it. @param {string} scope @param {'granted' | 'missing'} standing */
function scopeItem(scope, standing) {
  const item = document.createElement('li');
  item.className = standing;
  item.dataset['scope'] = scope;
  const title = document.createElement('b');
  title.textContent = describeScope(scope);
  const note = document.createElement('span');
  note.className = 'muted';
  note.textContent =
    standing === 'granted'
      ? 'You may do this.'
      : 'Not available to you. Ask an administrator of your company for it, then open the extension again.';
  item.append(title, note);
  return item;
}

/** @param {string} [because] Said before where the list comes from. */
async function showProducts(because = '') {
  const list = byId('products');
  reload.disabled = true;
  list.setAttribute('aria-busy', 'true');
  say('products-problem');
  try {
    const { items, cacheStatus } = await loadProducts();
    list.replaceChildren(...items.map((product) => productItem(product, () => void changeSale(product))));
    const source = describeSource(cacheStatus);
    say('source', items.length === 0 ? 'There are no products here yet.' : `${because}${source}`);
  } catch (error) {
    list.replaceChildren();
    say('source');
    say('products-problem', explain(error, 'see the products'));
  } finally {
    list.setAttribute('aria-busy', 'false');
    reload.disabled = false;
  }
}

/** @param {import('./products.js').Product} product */
async function changeSale(product) {
  const list = byId('products');
  list.setAttribute('aria-busy', 'true');
  try {
    await toggleActive(product);
  } catch (error) {
    list.setAttribute('aria-busy', 'false');
    say('products-problem', explain(error, 'change this product'));
    return;
  }
  await showProducts(`“${product.name}” was changed, so the list is new. `);
  const changed = [...list.querySelectorAll('button')].find((button) =>
    button.ariaLabel?.endsWith(`: ${product.name}`),
  );
  changed?.focus();
}

/** @param {string} what @param {() => Promise<string>} attempt */
async function attempt(what, attempt) {
  const tried = byId('tried');
  tried.className = 'notice';
  say('tried', 'Asking …');
  try {
    say('tried', await attempt());
    tried.classList.add('good');
  } catch (error) {
    say('tried', explain(error, what));
    tried.classList.add('warn');
  }
}

async function signOut() {
  try {
    await call('/api/session', { method: 'DELETE' });
  } catch (error) {
    say('trouble', explain(error, 'sign out'));
    return;
  }
  byId('person').hidden = true;
  const goodbye = document.createElement('p');
  goodbye.className = 'notice';
  goodbye.tabIndex = -1;
  goodbye.textContent = 'You are signed out. Open the extension again from your admin panel.';
  byId('main').replaceChildren(goodbye);
  goodbye.focus();
}

reload.addEventListener('click', () => void showProducts());
byId('sign-out').addEventListener('click', () => void signOut());
byId('try-orders').addEventListener(
  'click',
  () =>
    void attempt('see the orders', async () => {
      const { page } = await (await call(platform('order/v1.0', 'shipments-listing?page_no=1&page_size=1'))).json();
      return `Your company has ${page?.item_total ?? 'some'} orders in the last days.`;
    }),
);
byId('try-webhooks').addEventListener(
  'click',
  () =>
    void attempt('read the webhook settings', async () => {
      await call(platform('webhook/v1.0', 'subscriber'));
      return 'The webhook settings were read.';
    }),
);

byId('place').textContent =
  place.application === undefined
    ? `Company ${place.company}`
    : `Company ${place.company}, sales channel ${place.application}`;
void showProducts();
showSession().catch((error) => say('trouble', explain(error, 'see who is signed in')));
