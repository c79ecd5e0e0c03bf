import { StartError } from '../host/start-error.ts';

/** What a reference stands for; undefined where nothing is known. */
export interface References {
  ref(name: string): string | undefined;
  attribute(logicalId: string, attribute: string): string | undefined;
}

/**
 * Evaluates the intrinsic functions in a property
 * (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html).
 * @param place names resource and property in the error.
 * @throws {StartError} for a function or a reference that the local runtime does not know.
 */
export function resolveValue(value: unknown, place: string, references: References): unknown {
  if (Array.isArray(value)) return value.map((item) => resolveValue(item, place, references));
  if (typeof value !== 'object' || value === null) return value;
  const [intrinsic, ...others] = Object.keys(value);
  if (intrinsic !== undefined && others.length === 0 && (intrinsic === 'Ref' || intrinsic.startsWith('Fn::'))) {
    return evaluate(intrinsic, (value as Record<string, unknown>)[intrinsic], place, references);
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolveValue(item, place, references)]));
}

/** As `resolveValue`, for a property that is text; numbers and booleans become text, as CloudFormation does it. */
export function resolveText(value: unknown, place: string, references: References): string {
  const resolved = resolveValue(value, place, references);
  if (typeof resolved === 'string') return resolved;
  if (typeof resolved === 'number' || typeof resolved === 'boolean') return String(resolved);
  throw new StartError(`The template's ${place} is not text.`);
}

function evaluate(intrinsic: string, argument: unknown, place: string, references: References): unknown {
  const text = (value: unknown) => resolveText(value, place, references);
  const list = (value: unknown): unknown[] => {
    const resolved = resolveValue(value, place, references);
    if (Array.isArray(resolved)) return resolved;
    throw new StartError(`The template's ${place}: ${intrinsic} needs a list.`);
  };
  const known = (value: string | undefined, name: string): string => {
    if (value !== undefined) return value;
    throw new StartError(`The template's ${place} refers to ${name}, which the local runtime does not know.`);
  };
  const attribute = (name: string) => {
    const dot = name.indexOf('.');
    return known(references.attribute(name.slice(0, dot), name.slice(dot + 1)), name);
  };
  switch (intrinsic) {
    case 'Ref':
      return known(references.ref(text(argument)), text(argument));
    case 'Fn::GetAtt':
      return attribute(Array.isArray(argument) ? argument.map(text).join('.') : text(argument));
    case 'Fn::Join': {
      const [separator, items] = argument as [unknown, unknown];
      return list(items).map(text).join(text(separator));
    }
    case 'Fn::Select': {
      const [index, items] = argument as [unknown, unknown];
      return list(items)[Number(text(index))];
    }
    case 'Fn::Split': {
      const [separator, whole] = argument as [unknown, unknown];
      return text(whole).split(text(separator));
    }
    case 'Fn::Sub': {
      const [pattern, variables] = Array.isArray(argument)
        ? (argument as [unknown, Record<string, unknown>])
        : [argument, {}];
      return text(pattern).replace(/\$\{(!?)([^}]+)\}/g, (_whole, literal: string, name: string) => {
        if (literal) return `\${${name}}`;
        if (variables && name in variables) return text(variables[name]);
        return name.includes('.') ? attribute(name) : known(references.ref(name), name);
      });
    }
    default:
      throw new StartError(`The template's ${place} uses ${intrinsic}, which the local runtime does not know.`);
  }
}
