import type { Extension } from '../../shared/config.ts';
import { escapeHtml, pageStyle } from '../runtime/http/html.ts';
import type { HttpResponse } from '../runtime/http/http-messages.ts';
import { page } from '../runtime/http/responses.ts';

interface WelcomeInput {
  readonly extension: Pick<Extension, 'name'>;
  readonly company: string;
  /** The signed-in person's. */
  readonly userName: string;
  readonly applicationId: string | undefined;
  readonly missingScopes: readonly string[];
}

/** The page that the extension starts with: who is signed in, and the company's products, live. Make it yours. */
export function welcomePage({
  extension,
  company,
  userName,
  applicationId,
  missingScopes,
}: WelcomeInput): HttpResponse {
  const productsUrl = applicationId === undefined ? '/api/products' : `/api/products/application/${applicationId}`;
  const settings = JSON.stringify({ company, productsUrl }).replaceAll('<', '\\u003c');
  return page(
    (nonce) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(extension.name)}</title>
<style nonce="${nonce}">${pageStyle}
  header { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: end; justify-content: space-between; margin-bottom: 1.5rem; }
  .notice { border-left: 4px solid var(--warn); background: var(--card); padding: .5rem 1rem; margin-bottom: 1.5rem; border-radius: 0 .5rem .5rem 0; }
  .bar { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; justify-content: space-between; margin-bottom: .5rem; }
  .scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: .75rem; }
  table { width: 100%; border-collapse: collapse; }
  th, td { text-align: left; padding: .5rem .9rem; border-bottom: 1px solid var(--line); }
  tr:last-child td { border-bottom: 0; }
  th { font-weight: 600; font-size: .85rem; color: var(--muted); }
  td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
  [role=alert] { color: var(--bad); }
</style>
</head>
<body>
<header>
  <div>
    <h1>${escapeHtml(extension.name)}</h1>
    <p class="muted small">Company ${company}${applicationId === undefined ? '' : `, sales channel <code>${applicationId}</code>`}</p>
  </div>
  <p class="small">Signed in as <strong>${escapeHtml(userName)}</strong> <button class="button" id="sign-out" type="button">Sign out</button></p>
</header>
${
  missingScopes.length === 0
    ? ''
    : `<div class="notice" role="status"><strong>Some things are not available to you.</strong>
<p>You do not hold ${missingScopes.map((scope) => `<code>${escapeHtml(scope)}</code>`).join(', ')}. Ask an administrator of your company for access, then open the extension again.</p></div>`
}
<main>
  <div class="bar">
    <h2>Products</h2>
    <p class="small"><span class="muted" id="source" aria-live="polite"></span> <button class="button" id="reload" type="button">Load again</button></p>
  </div>
  <p role="alert" id="problem" hidden></p>
  <div class="scroll" id="table"><table>
    <thead><tr><th>Product</th><th>Brand</th><th>Item code</th><th class="number">Price</th></tr></thead>
    <tbody id="products"><tr><td colspan="4" class="muted">Loading …</td></tr></tbody>
  </table></div>
</main>
<script nonce="${nonce}" id="settings" type="application/json">${settings}</script>
<script nonce="${nonce}">
'use strict';
const { company, productsUrl } = JSON.parse(document.getElementById('settings').textContent);
const byId = (id) => document.getElementById(id);

async function call(url, options = {}) {
  const response = await fetch(url, { ...options, headers: { 'x-company-id': company, ...options.headers } });
  const signInUrl = response.headers.get('x-reauthorize-url');
  if (response.status === 401 && signInUrl) { location.assign(signInUrl); return new Promise(() => {}); }
  return response;
}

function cell(text, className) {
  const td = document.createElement('td');
  td.textContent = text;
  if (className) td.className = className;
  return td;
}

// A company's product has a price for each size: the lowest one is shown.
function price(product) {
  const prices = (product.sizes || []).map((size) => size.price_effective ?? size.price).filter(Number.isFinite);
  if (prices.length === 0) return '–';
  const style = { style: 'currency', currency: product.currency || 'INR' };
  return new Intl.NumberFormat(undefined, style).format(Math.min(...prices));
}

function describe(cacheStatus) {
  if (!cacheStatus) return '';
  const ttl = /hit; ttl=(\\d+)/.exec(cacheStatus);
  return ttl ? 'from your cache, fresh for ' + ttl[1] + ' s' : 'from the platform, just now';
}

async function load() {
  byId('reload').disabled = true;
  byId('problem').hidden = true;
  try {
    const response = await call(productsUrl);
    byId('source').textContent = response.ok ? describe(response.headers.get('cache-status')) : '';
    byId('table').hidden = !response.ok;
    if (!response.ok) {
      const missing = response.headers.get('x-missing-scopes');
      throw new Error(response.status === 403
        ? 'You may not see the products of this company' + (missing ? ' (missing: ' + missing + ')' : '') + '.'
        : 'The products could not be loaded (' + response.status + ').');
    }
    const { items } = await response.json();
    byId('products').replaceChildren(...items.map((product) => {
      const row = document.createElement('tr');
      row.append(
        cell(product.name || product.slug || ''),
        cell((product.brand && product.brand.name) || ''),
        cell(product.item_code || ''),
        cell(price(product), 'number'),
      );
      return row;
    }));
    if (items.length === 0) byId('products').innerHTML = '<tr><td colspan="4" class="muted">This company has no products yet.</td></tr>';
  } catch (error) {
    byId('table').hidden = true;
    byId('problem').textContent = error instanceof TypeError ? 'The extension could not be reached.' : error.message;
    byId('problem').hidden = false;
  } finally {
    byId('reload').disabled = false;
  }
}

byId('reload').addEventListener('click', load);
byId('sign-out').addEventListener('click', async () => {
  await call('/api/session', { method: 'DELETE' });
  document.querySelector('main').innerHTML = '<p>You are signed out. Open the extension again from your admin panel.</p>';
  byId('sign-out').hidden = true;
});
load();
</script>
</body>
</html>
`,
  );
}
