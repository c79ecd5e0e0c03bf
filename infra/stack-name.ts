import { ConfigurationError } from '../shared/config.ts';

/** What CloudFormation takes for a name; shorter, because the names of functions and roles begin with it. */
const pattern = /^[A-Za-z][A-Za-z0-9-]{0,59}$/;

/**
 * The stack's name: `Product Lens` → `product-lens`, unless one is given.
 * @throws {ConfigurationError} where the given one is none.
 */
export function stackName(extensionName: string, given: unknown): string {
  if (given !== undefined) {
    if (typeof given === 'string' && pattern.test(given)) return given;
    throw new ConfigurationError(
      'stackName must begin with a letter and have at most 60 letters, digits and hyphens: -c stackName=product-lens.',
    );
  }
  const words = extensionName
    .normalize('NFKD')
    .replaceAll(/\p{Mark}/gu, '')
    .toLowerCase()
    .match(/[a-z0-9]+/g);
  const name = (words ?? []).join('-');
  return (/^[a-z]/.test(name) ? name : `extension-${name}`).slice(0, 60).replace(/-+$/, '');
}
