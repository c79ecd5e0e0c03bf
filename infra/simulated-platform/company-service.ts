import type { Call } from './call.ts';
import { type Answer, json } from './http.ts';
import { paged } from './paging.ts';
import { type Application, type Company, companies } from './world.ts';

/** The company service: who the merchant is. */
export function answerProfile({ tenant, httpClient, rest }: Call): Answer | undefined {
  const company = companies.get(tenant.id);
  if (!company || (rest !== '' && rest !== '/') || !['GET', 'HEAD'].includes(httpClient.method)) return undefined;
  return json(200, {
    uid: Number(company.id),
    name: company.name,
    business_type: 'Private',
    company_type: 'distributor',
    stage: 'complete',
    mode: 'live',
    franchise_enabled: false,
    business_info: `${company.name} sells ${company.trade}`,
    business_country_info: {
      country: 'India',
      country_code: 'IN',
      timezone: 'Asia/Kolkata',
      currency: { code: 'INR', symbol: '₹', name: 'Indian Rupee' },
    },
    addresses: [
      {
        address_type: 'registered',
        address1: 'Industrial Area, Phase 2',
        city: company.city,
        country: 'India',
        country_code: 'IN',
        pincode: '400001',
        latitude: 19.076,
        longitude: 72.8777,
      },
    ],
    contact_details: {
      emails: [`hello@${company.name.toLowerCase().replace(/[^a-z]+/g, '-')}.example`],
      phone: [{ country_code: 91, number: '9820011111' }],
    },
    documents: [{ type: 'pan', value: `AAAPA${company.id.padStart(4, '0')}A`, verified: true }],
    taxes: [],
    warnings: {},
  });
}

/** A sales channel as the configuration services show it. */
export const shownApplication = (company: Company, { id, name, domain, token }: Application) => ({
  _id: id,
  name,
  slug: domain.replaceAll('.', '-'),
  domain: { name: domain, is_primary: true, verified: true },
  domains: [{ name: domain, is_primary: true, verified: true }],
  company_id: Number(company.id),
  token,
  channel_type: 'store-front',
  is_active: true,
  app_type: 'live',
  status: 'completed',
  mode: 'live',
});

/** The configuration service: the merchant’s sales channels. */
export function answerConfiguration({ tenant, httpClient, rest, applicationId }: Call): Answer | undefined {
  const company = companies.get(tenant.id);
  if (!company || !['GET', 'HEAD'].includes(httpClient.method)) return undefined;
  const shown = company.applications.map((one) => shownApplication(company, one));
  if (applicationId !== undefined) {
    return rest === '' || rest === '/'
      ? json(
          200,
          shown.find((one) => one._id === applicationId),
        )
      : undefined;
  }
  return /^\/application\/?$/.test(rest) ? json(200, paged(shown, httpClient)) : undefined;
}
