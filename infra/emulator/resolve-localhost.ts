// Names below localhost lead to loopback, as RFC 6761 wants it and browsers have it. The resolver of many a Linux does
// not, and the emulator serves an API under such a name.
import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';

/** For NODE_OPTIONS of a program that needs the same. */
export const resolvesLocalhost = `--import=${import.meta.url}`;

const belowLocalhost = /\.localhost\.?$/i;

const lookup = dns.lookup as (...all: unknown[]) => void;
dns.lookup = ((hostname: string, ...rest: unknown[]) =>
  lookup(belowLocalhost.test(hostname) ? '127.0.0.1' : hostname, ...rest)) as typeof dns.lookup;
syncBuiltinESMExports();
