import { ConfigurationError } from '../../shared/config.ts';
import { StartError } from '../local/host/start-error.ts';
import { describeError } from '../local/host/system-error.ts';

/** Runs a command that does one thing: prints the sentence about it, or, with status 1, the one about what to mend. */
export async function runOnce(run: () => Promise<string>): Promise<void> {
  try {
    console.log(await run());
  } catch (error) {
    const isSentence = error instanceof StartError || error instanceof ConfigurationError;
    console.error(isSentence ? error.message : describeError(error));
    process.exitCode = 1;
  }
}
