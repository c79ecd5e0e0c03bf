/** Whether a request takes a response in this content coding: `Accept-Encoding` names it, and not with `q=0` (RFC 9110 §12.5.3). */
export function acceptsCoding(acceptEncoding: string | undefined, coding: 'br' | 'gzip'): boolean {
  return patterns[coding].test(acceptEncoding ?? '');
}

const refusal = String.raw`\s*;\s*q=0(\.0*)?\s*(,|$)`;
const patterns = {
  br: new RegExp(`\\bbr\\b(?!${refusal})`, 'i'),
  gzip: new RegExp(`\\bgzip\\b(?!${refusal})`, 'i'),
};
