import type { Call } from './call.ts';
import { answerCatalog } from './catalog-service.ts';
import { answerConfiguration, answerProfile } from './company-service.ts';
import type { Answer } from './http.ts';
import { answerOrders } from './order-service.ts';
import { answerPartner } from './partner-service.ts';
import { answerPayment } from './payments.ts';
import type { State } from './state.ts';
import { answerPartners } from './storefront/proxy-paths.ts';
import { answerWebhook } from './subscriber-api.ts';

/** What a service answers to a call that was let in; undefined where it knows no such address. */
export function answerService(state: State, call: Call): Answer | undefined {
  if (call.tenant.kind === 'organization') return answerPartner(state, call);
  switch (call.service) {
    case 'catalog':
      return answerCatalog(state, call);
    case 'order':
    case 'order-manage':
      return answerOrders(state, call);
    case 'company-profile':
      return answerProfile(call);
    case 'configuration':
      return answerConfiguration(call);
    case 'partners':
      return answerPartners(state, call);
    case 'payment':
      return answerPayment(state, call);
    case 'webhook':
      return answerWebhook(state, call);
    default:
      return undefined;
  }
}
