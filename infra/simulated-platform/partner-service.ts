import { createHash } from 'node:crypto';
import { type Call, serviceError } from './call.ts';
import { type Answer, json } from './http.ts';
import { paged } from './paging.ts';
import type { State } from './state.ts';
import { subscriberView } from './subscribers.ts';
import { organizations } from './world.ts';

const idOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 24);

/** Themes that a partner publishes (`MarketplaceTheme`). */
function themesOf(organization: string) {
  const partner = organizations.find(({ id }) => id === organization)?.name ?? '';
  return ['Sandalwood', 'Monsoon', 'Lattice'].map((name, index) => ({
    _id: idOf(`${organization} ${name}`),
    name,
    tagline: `${name}, a theme by ${partner}`,
    description: `For storefronts that sell ${index === 0 ? 'cosmetics' : 'fashion'}.`,
    industry: [index === 0 ? 'Beauty' : 'Fashion'],
    is_default: false,
    is_update: false,
    payment: { is_paid: index > 0, amount: index * 4999 },
    catalog_size: { min: 1, max: 1000 },
    created_at: new Date(Date.UTC(2025, index, 5)).toISOString(),
  }));
}

/** Tickets that merchants opened with a partner (`Ticket`). */
const ticketsOf = (organization: string) =>
  ['The banner is cut off', 'How do I change the font?', 'An order is shown twice'].map((title, index) => ({
    _id: idOf(`${organization} ticket ${index}`),
    ticket_id: String(1000 + index),
    source: 'platform_panel',
    content: { title, description: title },
    category: { key: 'theme', display: 'Theme' },
    status: {
      key: index === 0 ? 'pending' : 'resolved',
      display: index === 0 ? 'Pending' : 'Resolved',
      color: '#ffa500',
    },
    priority: { key: index === 2 ? 'high' : 'low', display: index === 2 ? 'High' : 'Low', color: '#fed766' },
    context: { company_id: String(index + 1), partner_id: organization },
    tags: [],
    created_at: new Date(Date.UTC(2025, 8, 1 + index)).toISOString(),
  }));

/** Samples of the services that partners have: `{cluster}/service/partner/{service}/v1.0/organization/{id}/…`. */
export function answerPartner(state: State, { httpClient, tenant, service, rest }: Call): Answer | undefined {
  if (httpClient.method !== 'GET' && httpClient.method !== 'HEAD') return undefined;
  const path = rest.replace(/\/$/, '');
  if (service === 'theme') {
    if (path === '/themes') {
      const { items, page } = paged(themesOf(tenant.id), httpClient);
      return json(200, { themes: items, page });
    }
    const [, id] = /^\/theme\/([^/]+)$/.exec(path) ?? [];
    if (id === undefined) return undefined;
    const theme = themesOf(tenant.id).find(({ _id }) => _id === id);
    return theme ? json(200, theme) : serviceError(service, 404, 'No such theme');
  }
  if (service === 'lead') {
    if (path === '/ticket') return json(200, paged(ticketsOf(tenant.id), httpClient));
    const [, id] = /^\/ticket\/([^/]+)$/.exec(path) ?? [];
    if (id === undefined) return undefined;
    const ticket = ticketsOf(tenant.id).find(({ _id }) => _id === id);
    return ticket ? json(200, ticket) : serviceError(service, 404, 'No such ticket');
  }
  if (service === 'webhook' && path === `/extension/${encodeURIComponent(state.extension.apiKey)}/subscriber`) {
    // Of all companies; what signs their deliveries is not the partner's to see.
    const views = state.subscribers.all().map((one) => ({ ...subscriberView(one), auth_meta: { type: 'hmac' } }));
    return json(200, paged(views, httpClient));
  }
  return undefined;
}
