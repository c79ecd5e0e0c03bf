// npm run configure: stores the API key, the API secret and the author's own secrets of a deployed extension.
import { text as readAll } from 'node:stream/consumers';
import { parseEnv } from 'node:util';
import { variableOf } from '../../shared/own-variables.ts';
import { readExtensionDetails } from '../commands/extension-details.ts';
import { runCommand } from '../commands/run-command.ts';
import { loadSelected, selectDeployed, whichExtension, whichUsage } from '../commands/select-extension.ts';
import { StartError } from '../local/host/start-error.ts';
import { askHidden } from './ask-hidden.ts';
import { isCredential } from './registered-extension.ts';
import { openStoredSecrets, secretIdsOf } from './stored-secrets.ts';

const usage = `npm run configure [-- [NAME …] [options]]

Stores the values of a deployed extension in Secrets Manager: apiKey and apiSecret, from the partner panel, and the
secrets that extension.config.ts names. The platform is asked whether it knows the key and the secret before anything is
stored. NAME chooses some of them; without it, all are asked for, and an empty answer leaves one as it is.

A value comes from the environment (EXTENSION_API_KEY, EXTENSION_API_SECRET, SLACK_URL for slackUrl), from standard input
with --stdin (lines NAME=value as in a .env file; with one NAME, the value alone), or is asked for in the terminal. It is
never an argument: those stay in the shell's history. .env is not read: it is for npm start and npm run dev on this
machine, where nothing is to be stored.

  --stdin          reads values from standard input
${whichUsage}`;

const variables: Readonly<Record<string, string>> = {
  apiKey: 'EXTENSION_API_KEY',
  apiSecret: 'EXTENSION_API_SECRET',
};
const variableFor = (name: string) => variables[name] ?? variableOf(name);
const maxBytes = 65_536;

const options = { ...whichExtension, stdin: { type: 'boolean', default: false } } as const;

await runCommand({ usage, options, mostArguments: Infinity }, async ({ values, positionals: chosen }) => {
  if (values.local) {
    throw new StartError(
      'On this machine nothing is to be stored: npm start makes a key and a secret up, npm run dev reads them from the environment or .env.',
    );
  }
  const extension = await loadSelected(values);
  const names = [...Object.keys(variables), ...Object.keys(extension.secrets)];
  if (chosen.some((name) => !names.includes(name))) {
    // What was written may be a secret: it is not repeated.
    throw new StartError(
      `An argument is the name of no secret. There are: ${names.join(', ')}. A value is never an argument.`,
    );
  }
  const { stack } = await selectDeployed(values);
  const wanted = chosen.length > 0 ? chosen : names;
  using stored = openStoredSecrets(
    stack.region,
    secretIdsOf(stack, [...new Set([...wanted, ...Object.keys(variables)])]),
  );

  const given = await collect(wanted, { standardInput: values.stdin, mustAll: chosen.length > 0 });
  for (const [name, value] of given) requireShape(name, value);
  const notes: string[] = [];
  if (given.has('apiKey') || given.has('apiSecret')) {
    const apiKey = given.get('apiKey') ?? (await stored.current('apiKey'));
    const apiSecret = given.get('apiSecret') ?? (await stored.current('apiSecret'));
    if (apiKey === undefined || apiSecret === undefined) {
      throw new StartError('Give the API key and the API secret together: one of them has not been stored yet.');
    }
    const { baseUrl } = await readExtensionDetails({ cluster: extension.cluster, apiKey, apiSecret }).catch(
      (cause: Error) => {
        throw new StartError(`${cause.message} Nothing was stored: copy both from the partner panel.`, { cause });
      },
    );
    const url = stack.outputs.get('ExtensionUrl');
    notes.push(`The platform at ${extension.cluster} accepts the API key and the API secret.`);
    if (url !== undefined && baseUrl !== undefined && baseUrl !== url) {
      notes.push(`The partner panel has the base URL ${baseUrl}: enter ${url} there, or run npm run base-url.`);
    }
  }
  const results: { name: string; result: 'stored' | 'unchanged' | 'left as it is' }[] = [];
  for (const name of wanted) {
    const value = given.get(name);
    results.push({ name, result: value === undefined ? 'left as it is' : await stored.store(name, value) });
  }
  const width = Math.max(...wanted.map((name) => name.length));
  const lines = results.map(({ name, result }) => `  ${name.padEnd(width)}  ${result}`);
  if (results.some(({ result }) => result === 'stored'))
    notes.push('The functions use a new value within fifteen minutes.');
  return {
    data: { stack: stack.name, region: stack.region, secrets: results, notes },
    text: [`The stack ${stack.name} in ${stack.region}:`, ...lines, ...notes].join('\n'),
  };
});

/** The values that are to be stored, by name. */
async function collect(
  wanted: readonly string[],
  { standardInput, mustAll }: { readonly standardInput: boolean; readonly mustAll: boolean },
): Promise<Map<string, string>> {
  const piped = standardInput ? readPiped(await readAll(process.stdin), wanted) : new Map<string, string>();
  const mayAsk = !standardInput && process.stdin.isTTY && process.stderr.isTTY;
  const given = new Map<string, string>();
  for (const name of wanted) {
    const value =
      piped.get(name) ??
      (process.env[variableFor(name)]?.trim() ||
        (mayAsk
          ? await askHidden(`${name} (not shown; empty leaves it as it is): `, process.stdin, process.stderr)
          : ''));
    if (value !== '') given.set(name, value);
  }
  const missing = wanted.filter((name) => !given.has(name));
  if (!mayAsk && (given.size === 0 || (mustAll && missing.length > 0))) {
    const places = missing.map(variableFor).join(', ');
    throw new StartError(
      `Nothing was stored: there is no value for ${missing.join(', ')}. Set ${places} in the environment, hand values over with --stdin, or run this in a terminal.`,
    );
  }
  return given;
}

function readPiped(text: string, wanted: readonly string[]): Map<string, string> {
  const [only, ...others] = wanted;
  if (only !== undefined && others.length === 0) return new Map([[only, text.trim()]]);
  const given = new Map(Object.entries(parseEnv(text)));
  const unknown = [...given.keys()].filter((variable) => !wanted.some((name) => variableFor(name) === variable));
  if (unknown.length > 0 || given.size === 0) {
    throw new StartError(
      `Standard input must be lines NAME=value with these names: ${wanted.map(variableFor).join(', ')}. Nothing was stored.`,
    );
  }
  return new Map(wanted.flatMap((name) => [[name, given.get(variableFor(name))?.trim() ?? ''] as const]));
}

function requireShape(name: string, value: string): void {
  if (name in variables && !isCredential(value)) {
    throw new StartError(`${name} holds characters that no key or secret of the platform has. Nothing was stored.`);
  }
  if (Buffer.byteLength(value) > maxBytes) {
    throw new StartError(`${name} is longer than the ${maxBytes} bytes that a secret may have. Nothing was stored.`);
  }
}
