import { X509Certificate } from 'node:crypto';
import { generate } from 'selfsigned';

/** What a server speaks TLS with. */
export interface Certificate {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  /** SHA-256, as browsers show it: `AB:CD:…`. */
  readonly fingerprint: string;
}

const lifeMs = 30 * 24 * 3_600_000;

/** A certificate for this machine's own names, made for one run and kept by nobody. Browsers ask whether to trust it. */
export async function makeCertificate(now = new Date()): Promise<Certificate> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: now,
    notAfterDate: new Date(now.getTime() + lifeMs),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: '::1' },
        ],
      },
    ],
  });
  return { cert, key, fingerprint: new X509Certificate(cert).fingerprint256 };
}

/** What the person at the terminal must know of it, as further lines of what is served; nothing where there is none. */
export function describeCertificate(certificate: Certificate | undefined): string {
  if (certificate === undefined) return '';
  return `  TLS     made for this run: your browser asks whether to trust it\n          SHA-256 ${certificate.fingerprint}\n`;
}
