import { createInterface } from 'node:readline/promises';
import { StartError } from '../local/host/start-error.ts';

/**
 * Asks in the terminal, and gives what was typed; nothing where the person ended the question (Ctrl-C, Ctrl-D).
 * @throws {StartError} with this sentence, where there is no terminal to ask in.
 */
export async function ask(question: string, withoutTerminal: string): Promise<string> {
  if (!process.stdin.isTTY) throw new StartError(withoutTerminal);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const ended = new Promise<string>((resolve) => {
    for (const event of ['close', 'SIGINT']) terminal.once(event, () => resolve(''));
  });
  try {
    return (await Promise.race([terminal.question(question).catch(() => ''), ended])).trim();
  } finally {
    terminal.close();
  }
}

/**
 * Goes on only where somebody types yes.
 * @throws {StartError} with `otherwise` where they type something else; with `withoutTerminal` where nobody can answer.
 */
export async function requireYes(question: string, withoutTerminal: string, otherwise: string): Promise<void> {
  const answer = await ask(`${question} Type yes to go on: `, withoutTerminal);
  if (answer.toLowerCase() !== 'yes') throw new StartError(otherwise);
}
