// @ts-check
import { call, place, platform } from './platform.js';

/**
 * What is shown of a product.
 * @typedef {object} Product
 * @property {number} [uid]
 * @property {string} [name]
 * @property {string} [slug]
 * @property {string} [item_code]
 * @property {boolean} [is_active]
 * @property {{ name?: string }} [brand]
 * @property {{ type?: string, url?: string }[]} [media]
 * @property {string} [currency]
 * @property {{ price?: number, price_effective?: number }[]} [sizes]
 */

/** The first products that this person sees, of the sales channel where the extension was opened in one. */
export async function loadProducts() {
  const response = await call(
    place.application === undefined
      ? platform('catalog/v2.0', 'products/?page_no=1&page_size=12')
      : platform('catalog/v1.0', `application/${place.application}/raw-products/?page_no=1&page_size=12`),
  );
  /** @type {{ items?: Product[] }} */
  const { items = [] } = await response.json();
  return { items, cacheStatus: response.headers.get('cache-status') };
}

/**
 * The platform takes a whole product: it is read, changed and sent back.
 * @param {Product} product
 */
export async function toggleActive({ uid, is_active }) {
  const path = platform('catalog/v2.0', `products/${uid}/`);
  const response = await call(path);
  const { data } = await response.json();
  await call(path, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...data, is_active: !is_active }),
  });
}

/**
 * A product of a company has a price for each size: the lowest one is shown.
 * @param {Product} product
 * @param {string} [language] Default: the browser's.
 */
export function priceOf({ sizes = [], currency = 'INR' }, language) {
  const prices = sizes.map((size) => size.price_effective ?? size.price).filter((price) => typeof price === 'number');
  if (prices.length === 0) return '–';
  return new Intl.NumberFormat(language, { style: 'currency', currency }).format(Math.min(...prices));
}

/**
 * @param {Product} product
 * @param {() => void} onToggle
 */
export function productItem(product, onToggle) {
  const { name = product.slug ?? 'Without a name', brand, item_code, is_active = false, media = [] } = product;
  const item = element('li');
  const url = media.find(({ type }) => type === 'image')?.url;
  const picture = element(url === undefined ? 'span' : 'img', 'picture');
  if (picture instanceof HTMLImageElement && url !== undefined) {
    Object.assign(picture, { alt: '', loading: 'lazy', src: url });
    // One that is not there leaves its place empty.
    picture.addEventListener('error', () => picture.removeAttribute('src'), { once: true });
  }
  const toggle = document.createElement('button');
  toggle.type = 'button';
  toggle.textContent = is_active ? 'Take off sale' : 'Put on sale';
  toggle.setAttribute('aria-label', `${toggle.textContent}: ${name}`);
  toggle.addEventListener('click', onToggle);
  const bar = element('div', 'bar');
  const facts = element('div', 'bar start');
  facts.append(
    element('span', 'price', priceOf(product)),
    element('span', is_active ? 'tag on' : 'tag', is_active ? 'On sale' : 'Not on sale'),
  );
  bar.append(facts, toggle);
  item.append(
    picture,
    element('span', 'name', name),
    element('span', 'muted', [brand?.name, item_code].filter(Boolean).join(' · ')),
    bar,
  );
  return item;
}

/** @param {string} tag @param {string} [className] @param {string} [text] */
function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className !== undefined) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}
