import { listedForShoppers } from '../catalog-service.ts';
import { shownApplication } from '../company-service.ts';
import { echo, json, type Route } from '../http.ts';
import { paged } from '../paging.ts';
import { refuseSignature } from '../signature-check.ts';
import type { State } from '../state.ts';
import { companies } from '../world.ts';

const address = /^\/service\/application\/([a-z-]+)\/v\d+\.\d+(\/.*)$/;

/** Whose storefront this is: `Bearer base64(applicationId:applicationToken)`. */
function visited(authorization: string | undefined) {
  const [, bearer = ''] = /^bearer ([^ ]+)$/i.exec(authorization ?? '') ?? [];
  const [id, token, ...more] = Buffer.from(bearer, 'base64').toString('utf8').split(':');
  for (const company of companies.values()) {
    const application = company.applications.find((one) => one.id === id);
    if (application) return more.length === 0 && application.token === token ? { company, application } : undefined;
  }
  return undefined;
}

/** The storefront API, as any visitor may call it. */
export const applicationApiRoute =
  (state: State): Route =>
  (httpClient) => {
    const [, service, rest] = address.exec(httpClient.path) ?? [];
    if (service === undefined || rest === undefined) return undefined;
    const refused = refuseSignature(state, httpClient);
    if (refused) return refused;
    const visit = visited(httpClient.headers['authorization']);
    if (!visit) return json(401, { message: 'Unauthorized: the application’s id or token is wrong' });
    const { company, application } = visit;
    httpClient.record.company = company.id;
    if (/^\/__echo(?:\/|$)/.test(rest)) return echo(httpClient);
    if (httpClient.method !== 'GET' && httpClient.method !== 'HEAD')
      return json(405, { message: 'Method not allowed' }, { allow: 'GET, HEAD' });
    if (service === 'configuration' && /^\/application\/?$/.test(rest)) {
      return json(200, shownApplication(company, application));
    }
    if (service !== 'catalog') return json(404, { message: 'Not found' });
    const sold = state.catalog.list(company.id, application.id).filter((one) => one['is_active']);
    if (/^\/products\/?$/.test(rest)) {
      const wanted = (httpClient.query.get('q') ?? '').toLowerCase();
      const found = sold.filter(({ name, slug }) => `${name} ${slug}`.toLowerCase().includes(wanted));
      const { items, page } = paged(found, httpClient);
      return json(200, { items: items.map(listedForShoppers), page, filters: [], sort_on: [] });
    }
    const [, slug] = /^\/products\/([^/]+)\/?$/.exec(rest) ?? [];
    const one = sold.find((product) => product.slug === slug);
    return one ? json(200, listedForShoppers(one)) : json(404, { message: 'Product not found' });
  };
