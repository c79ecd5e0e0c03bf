import type { Extension } from '../../../shared/config.ts';

/** On every response of ours. */
export const securityHeaders = {
  'strict-transport-security': 'max-age=63072000; includeSubDomains',
  'x-content-type-options': 'nosniff',
} as const;

/** What no page of ours needs, which a script that got into one must not have either (https://www.w3.org/TR/permissions-policy/). */
const deniedFeatures = [
  'accelerometer',
  'camera',
  'display-capture',
  'geolocation',
  'gyroscope',
  'magnetometer',
  'microphone',
  'midi',
  'payment',
  'usb',
];

/**
 * On pages that are made for one response: scripts and styles must carry the nonce. No `Cross-Origin-Opener-Policy`: a page
 * that signs in in a window of its own must know who opened it.
 */
export function pageHeaders(settings: PageSettings, nonce: string): Record<string, string> {
  return documentHeaders(settings, [`script-src 'nonce-${nonce}'`, `style-src 'nonce-${nonce}'`, `form-action 'none'`]);
}

/** On the author's own page: scripts are files of this origin, and styles may stand in the page, where React and CSS-in-JS write them. */
export function frontEndHeaders(settings: PageSettings): Record<string, string> {
  return documentHeaders(settings, [
    `script-src 'self'`,
    `style-src 'self' 'unsafe-inline'`,
    `manifest-src 'self'`,
    `media-src 'self' blob:`,
    `worker-src 'self'`,
    `form-action 'self'`,
  ]);
}

type PageSettings = Pick<Extension, 'adminOrigins' | 'csp'>;

/** Only the platform's admin panels may frame it; images, fonts and calls are of this origin and those that the configuration names. */
function documentHeaders({ adminOrigins, csp }: PageSettings, more: readonly string[]): Record<string, string> {
  const from = (...sources: readonly string[]) => ["'self'", ...sources].join(' ');
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': [
      `default-src 'none'`,
      ...more,
      `connect-src ${from(...csp.connect)}`,
      `img-src ${from('data:', ...csp.img)}`,
      `font-src ${from(...csp.font)}`,
      `base-uri 'none'`,
      `frame-ancestors ${adminOrigins.join(' ')}`,
    ].join('; '),
    'permissions-policy': deniedFeatures.map((feature) => `${feature}=()`).join(', '),
    'referrer-policy': 'no-referrer',
  };
}

/** On the extension's own page: a window that another site opened it in cannot reach into it, and it may open others. */
export const ownPageHeaders = { 'cross-origin-opener-policy': 'same-origin-allow-popups' } as const;

/** What the platform sent is data: it is never rendered as a page of this origin, nor embedded by another. */
export const dataHeaders = {
  'content-security-policy': `default-src 'none'; sandbox`,
  'cross-origin-resource-policy': 'same-origin',
} as const;

/**
 * What the answer to a signed-in person depends on: the cookie that holds the session, or the header that may (RFC 9110
 * §12.5.5).
 */
export const personalVary = 'Cookie, Authorization';

/** Redirects that carry a code, a state or a cookie. */
export const redirectHeaders = { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' } as const;
