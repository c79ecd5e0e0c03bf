/** On every response of ours. */
export const securityHeaders = {
  'strict-transport-security': 'max-age=63072000; includeSubDomains',
  'x-content-type-options': 'nosniff',
} as const;

/**
 * On pages. Only the platform's admin panels may frame them; scripts and styles must carry the nonce, and talk to this
 * origin alone.
 */
export function pageHeaders(adminOrigins: readonly string[], nonce: string): Record<string, string> {
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': [
      `default-src 'none'`,
      `script-src 'nonce-${nonce}'`,
      `style-src 'nonce-${nonce}'`,
      `connect-src 'self'`,
      `img-src 'self' https: data:`,
      `base-uri 'none'`,
      `form-action 'none'`,
      `frame-ancestors ${adminOrigins.join(' ')}`,
    ].join('; '),
    'referrer-policy': 'no-referrer',
  };
}

/** What the platform sent is data: it is never rendered as a page of this origin, nor embedded by another. */
export const dataHeaders = {
  'content-security-policy': `default-src 'none'; sandbox`,
  'cross-origin-resource-policy': 'same-origin',
} as const;

/** Redirects that carry a code, a state or a cookie. */
export const redirectHeaders = { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' } as const;
