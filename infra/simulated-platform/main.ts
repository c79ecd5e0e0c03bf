// npm run platform: the simulated platform alone, for an extension in any language. `npm start` runs it, too.
import { env } from 'node:process';
import { startPlatform } from './platform.ts';
import { StateFileError } from './state-file.ts';
import { addEvents } from './webhook-events.ts';

function refuse(sentence: string): never {
  console.error(sentence);
  process.exit(1);
}

/** Values are not repeated: one of them is a secret. */
function read(name: string, form: RegExp, is: string): string {
  const value = env[name]?.trim();
  if (!value) refuse(`${name} is not set: it is ${is}.`);
  return form.test(value) ? value : refuse(`${name} must be ${is}.`);
}

function readPort(): number {
  const text = env['PORT']?.trim() || '3000';
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : refuse('PORT must be a port number from 1 to 65535.');
}

function readScopes(): string[] | undefined {
  const text = env['EXTENSION_SCOPES']?.trim();
  if (!text) return undefined;
  const scopes = text.split(',').map((scope) => scope.trim());
  return scopes.every((scope) => /^[a-z][\w-]*(\/[\w*-]+)+$/.test(scope))
    ? scopes
    : refuse('EXTENSION_SCOPES must be scopes with commas between them, such as company/products,company/orders.');
}

const port = readPort();
const scopes = readScopes();
const unlisted = env['PLATFORM_UNLISTED']?.split(',').filter(Boolean) ?? [];
const credential = /^[\x21-\x7e]+$/;
const extension = {
  apiKey: read('EXTENSION_API_KEY', credential, 'the key that the extension sends as client_id, in visible characters'),
  apiSecret: read('EXTENSION_API_SECRET', credential, 'the secret that goes with the key, in visible characters'),
  baseUrl: read(
    'EXTENSION_BASE_URL',
    /^https?:\/\/[^\s/?#@]+\/?$/,
    'the origin of the extension without a path, such as http://localhost:3001',
  ),
  ...(scopes && { scopes }),
  unlisted,
  region: env['PLATFORM_REGION']?.trim() || undefined,
};
addEvents(unlisted);
const stateFile = env['PLATFORM_STATE_FILE']?.trim() || undefined;

try {
  const platform = await startPlatform({ port, extension, stateFile, log: (line) => console.log(line) });
  let ending: Promise<void> | undefined;
  const end = () => {
    ending ??= platform.close().then(() => process.exit(0));
  };
  for (const event of ['SIGINT', 'SIGTERM', 'disconnect']) process.on(event, end);
  console.log(`platform ready ${platform.origin}`);
} catch (error) {
  if (error instanceof StateFileError) refuse(error.message);
  const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
  refuse(
    taken
      ? `Port ${port} is in use: the simulated platform cannot serve there.`
      : `The simulated platform cannot listen on port ${port}.`,
  );
}
