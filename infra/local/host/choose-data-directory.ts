import { join } from 'node:path';
import { type DataDirectory, openDataDirectory } from './data-directory.ts';
import { StartError } from './start-error.ts';

/**
 * Takes the folder that was named; where none was, the default one, or a folder of its own inside it while another run
 * has that.
 * @throws {StartError} where a run has it already.
 */
export async function chooseDataDirectory(
  named: string | undefined,
  defaultPath: string,
  port: number,
): Promise<DataDirectory & { readonly besides?: string }> {
  if (named !== undefined) return take(named);
  const first = await openDataDirectory(defaultPath);
  return first ?? { ...(await take(join(defaultPath, `port-${port}`))), besides: defaultPath };
}

async function take(path: string): Promise<DataDirectory> {
  const taken = await openDataDirectory(path);
  if (taken) return taken;
  throw new StartError(`${path} is in use by another run: end it, or set LOCAL_DATA_DIR to another folder.`);
}
