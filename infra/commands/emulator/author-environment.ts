import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Extension } from '../../../shared/config.ts';
import type { Emulator } from '../../emulator/emulator.ts';

/**
 * What the emulator has not: CloudFront, and accounts of several stages. A configuration of its own leaves that out.
 * Undefined: the author's own serves as it is.
 */
export function withoutWhatIsElsewhere({ edge, stageNames }: Extension, directory: string): string | undefined {
  const own = process.env['EXTENSION_CONFIG'];
  if (!edge && stageNames.length === 0) return own;
  if (edge) console.log('The emulator has no CloudFront: edge is left out.');
  const file = join(directory, 'extension.config.ts');
  const imported = pathToFileURL(resolve(own || 'extension.config.ts')).href;
  writeFileSync(
    file,
    `import own from ${JSON.stringify(imported)};\n\nexport default { ...own, edge: false, stages: undefined };\n`,
  );
  return file;
}

/** The person's own account has no part in this. */
export function withoutAccount(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !/^(?:AWS|CDK)_/.test(name)));
}

/** For `source` in a POSIX shell: all that a command needs to be about this account. */
export function environmentLines({ environment }: Emulator): string {
  const kept = Object.entries(environment).filter(([name]) => /^(?:AWS|CDK|NODE|FP|EXTENSION)_/.test(name));
  const lines = kept.map(([name, value]) => `export ${name}='${value.replaceAll("'", String.raw`'\''`)}'`);
  return ['unset AWS_PROFILE AWS_SESSION_TOKEN EXTENSION_STAGE', ...lines, ''].join('\n');
}
