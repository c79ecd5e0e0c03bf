import { createHttpClient } from '../../shared/http/http-client.ts';
import { once } from './settings.ts';

/** The platform's; its connections live as long as this instance. */
export const httpClient = once(createHttpClient);
