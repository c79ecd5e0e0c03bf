// @ts-check

/**
 * @typedef {object} Place
 * @property {string} company
 * @property {string | undefined} application The sales channel, where the extension was opened in one.
 */

/** Where the extension was opened: `/company/1` or `/company/1/application/{id}`, and whatever comes behind. */
export const place = placeOf(location.pathname);

/** A call that did not succeed, with what the answer said about it. `fyndExtension` is the script that every page begins with. */
export const { CallError } = fyndExtension;

/**
 * Calls the extension as the person who is signed in, for this company. Where the session is over, the frame goes to sign in
 * again and comes back here; nobody sees anything of it but a moment's waiting.
 * @param {string} path
 * @param {RequestInit} [options]
 * @returns {Promise<Response>}
 */
export function call(path, options) {
  return fyndExtension.fetch(path, options);
}

/** The company's part of the Platform API: `platform('catalog/v2.0', 'products/?page_no=1')`. @param {string} service @param {string} path */
export function platform(service, path) {
  return `/api/platform/${service}/company/${place.company}/${path}`;
}

/**
 * @param {string} path
 * @returns {Place}
 */
function placeOf(path) {
  const [, company = '', application] = /^\/company\/(\d+)(?:\/application\/([\da-f]{24}))?/i.exec(path) ?? [];
  return { company, application };
}
