import { inspect } from 'node:util';

/** Something that was thrown, as it is handed from one thread to another. */
export interface ThrownError {
  /** Kind and message, and those of its causes, a line each. */
  readonly text: string;
  readonly frames: readonly string[];
}

const maximumCauses = 3;
const maximumCharacters = 4000;

/** Whatever it is: a string, null, or an object whose getters throw. */
export function describeThrown(thrown: unknown): ThrownError {
  try {
    if (!(thrown instanceof Error)) return { text: `Thrown, and no Error: ${shorten(inspect(thrown))}`, frames: [] };
    return { text: shorten(lines(thrown).join('\n')), frames: framesOf(thrown) };
  } catch {
    return { text: 'Something was thrown that cannot be looked at: asking it for its message throws.', frames: [] };
  }
}

function lines(error: Error): string[] {
  const said: string[] = [];
  for (let each: unknown = error; each !== undefined && said.length <= maximumCauses; each = causeOf(each)) {
    const text = each instanceof Error ? `${each.name}: ${each.message}` : inspect(each);
    said.push(said.length === 0 ? text : `caused by ${text}`);
  }
  return said;
}

const causeOf = (error: unknown): unknown => (error instanceof Error ? error.cause : undefined);

/** Lines of the message may look like frames, too: those that follow the last of its lines count. */
function framesOf({ stack, message }: Error): string[] {
  const text = stack ?? '';
  const end = message === '' ? -1 : text.indexOf(message);
  return text
    .slice(end === -1 ? 0 : end + message.length)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('at '));
}

const shorten = (text: string) =>
  text.length <= maximumCharacters ? text : `${text.slice(0, maximumCharacters)} … (${text.length} characters)`;
