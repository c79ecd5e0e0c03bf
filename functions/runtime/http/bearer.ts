/**
 * What a request carries as `Authorization: Bearer …` (RFC 6750 §2.1), in any case of the scheme (RFC 9110 §11.1); empty
 * where nothing follows. Undefined for another scheme and for none.
 */
export function bearerOf(headers: Readonly<Record<string, string>>): string | undefined {
  const found = /^bearer(?:\s+(.*))?$/is.exec(headers['authorization'] ?? '');
  return found === null ? undefined : (found[1] ?? '');
}
