import { createHash } from 'node:crypto';
import { ConfigurationError, type Extension } from '../shared/config.ts';

/** Fewer than CloudFormation takes, because the names of functions and roles begin with it. */
const maxCharacters = 60;
const pattern = new RegExp(`^[A-Za-z][A-Za-z0-9-]{0,${maxCharacters - 1}}$`);

/**
 * `product-lens`, of a stage `product-lens-prod`, unless the stage names its stack. `given` takes the place of what comes of the
 * extension's name.
 * @throws {ConfigurationError} where the given one is not a name that CloudFormation takes.
 */
export function stackName({ name, stage }: Pick<Extension, 'name' | 'stage'>, given: unknown): string {
  if (stage?.stackName !== undefined) return stage.stackName;
  const suffix = stage === undefined ? '' : `-${stage.name}`;
  return `${ownName(name, given, maxCharacters - suffix.length)}${suffix}`;
}

/**
 * `Product Lens` → `product-lens`, unless one is given. Where that leaves something out, because it is not a letter from A to
 * Z or there is too much, a digest of the whole name follows: two extensions must not be one stack.
 */
function ownName(extensionName: string, given: unknown, most: number): string {
  if (given !== undefined) {
    if (typeof given === 'string' && pattern.test(given) && given.length <= most) return given;
    throw new ConfigurationError(
      `stackName must begin with a letter and have at most ${most} letters, digits and hyphens: -c stackName=product-lens.`,
    );
  }
  const words = (extensionName.toLowerCase().match(/[a-z0-9]+/g) ?? []).join('-');
  const name = /^[a-z]/.test(words) ? words : `extension-${words}`.replace(/-$/, '');
  const isWhole = name === words && !/(?![a-zA-Z0-9])[\p{Letter}\p{Number}\p{Mark}\p{Symbol}]/u.test(extensionName);
  if (isWhole && name.length <= most) return name;
  const digest = createHash('sha256').update(extensionName.normalize('NFC')).digest('hex').slice(0, 8);
  return `${name.slice(0, most - 9).replace(/-$/, '')}-${digest}`;
}

/** By which commands know the stack of an extension. */
export function stackDescription(extensionName: string): string {
  return `${extensionName}: an extension for the Fynd Platform.`;
}
