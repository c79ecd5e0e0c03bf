import { createInterface } from 'node:readline/promises';
import type { Readable } from 'node:stream';
import { Writable } from 'node:stream';
import { StartError } from '../local/host/start-error.ts';

/**
 * Asks a question in the terminal without showing what is typed or pasted.
 * @throws {StartError} where the person ends the command (Ctrl-C, Ctrl-D).
 */
export async function askHidden(question: string, input: Readable, output: NodeJS.WritableStream): Promise<string> {
  output.write(question);
  // What readline echoes and redraws goes nowhere.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input, output: nowhere, terminal: true, historySize: 0 });
  const ended = new Promise<never>((_resolve, reject) => {
    for (const event of ['SIGINT', 'close']) {
      terminal.once(event, () => reject(new StartError('Ended. Nothing was stored.')));
    }
  });
  ended.catch(() => undefined);
  try {
    return (await Promise.race([terminal.question(''), ended])).trim();
  } finally {
    terminal.close();
    output.write('\n');
  }
}
