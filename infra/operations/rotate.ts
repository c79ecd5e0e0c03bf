// npm run rotate: another session, token, webhook or edge key, or another API secret, without anybody noticing.
import { text as readAll } from 'node:stream/consumers';
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import type { Extension } from '../../shared/config.ts';
import { requireYes } from '../commands/ask.ts';
import { readExtensionDetails } from '../commands/extension-details.ts';
import { type Outcome, runCommand, usageError } from '../commands/run-command.ts';
import { sameExtension, selectExtension, whichExtension, whichUsage } from '../commands/select-extension.ts';
import { StartError } from '../local/host/start-error.ts';
import { askHidden } from './ask-hidden.ts';
import { type OpenData, withData } from './open-data.ts';
import { isCredential } from './registered-extension.ts';
import { describeStanding, describeStep } from './rotate/describe-step.ts';
import { abort, begin, next, type RotateOptions, type Standing, standingOf } from './rotate/rotate-key.ts';
import { type KeyName, keyNames } from './rotate/rotation.ts';

const usage = `npm run rotate -- [status]             how all keys stand
npm run rotate -- KEY [status]         how one stands, and what comes next, from when
npm run rotate -- KEY begin            announces another value: it is accepted, and not used yet
npm run rotate -- KEY next             takes the next step: uses it; then, later, ends the one before
npm run rotate -- KEY abort            goes back to the one before

KEY is session, token, webhook, api-secret or edge. Nobody is signed out, no token and no event is lost. Each step can be
interrupted and run again; what stands is read from Secrets Manager.

  session     the one before counts as long as sessions live
  token       stored tokens are sealed anew before the one before ends
  webhook     every company is registered again before the one before ends, 72 hours later
  api-secret  begin stores the one that the partner panel issued, from EXTENSION_API_SECRET, with --stdin, or as you type it.
              The platform is asked first whether it is right. The one before counts for 24 hours
  edge        between begin and next, CloudFront is given the next value: npm run deploy -- -c edgeKeyVersion=…

  --leaked             somebody knows the value in use. session begin: everybody signs in again. next: the one before ends as
                       soon as nothing of yours rests on it, instead of after its time
  --even-unregistered  webhook next --leaked: also where companies are not registered again; their events are refused until then
  --settled            every instance was started since the last step: nobody waits for the fifteen minutes that reading takes
  --wait SECONDS       how long to wait for the worker to register companies. Default: 60
  --stdin              api-secret begin: reads the secret from standard input
  --yes                asks nothing

${whichUsage}

Status 0: done, or told. 2: it is too early, or not all of it is done. 1: nothing was done.`;

const verbs = { begin, next, abort } as const;
const options = {
  ...whichExtension,
  leaked: { type: 'boolean', default: false },
  'even-unregistered': { type: 'boolean', default: false },
  settled: { type: 'boolean', default: false },
  wait: { type: 'string', default: '60' },
  stdin: { type: 'boolean', default: false },
  yes: { type: 'boolean', default: false },
} as const;

await runCommand({ usage, options, mostArguments: 2 }, async ({ values: given, positionals }) => {
  const [first = 'status', verb = 'status'] = positionals;
  const key = keyNames.find((name) => name === first);
  if (key === undefined && (first !== 'status' || positionals.length > 1)) {
    throw usageError(usage, `Say which key: ${keyNames.join(', ')}.`);
  }
  if (verb !== 'status' && !(verb in verbs)) throw usageError(usage, 'Say status, begin, next or abort.');
  const waitMs = Number(given.wait) * 1_000;
  if (!(waitMs >= 0)) throw new StartError('--wait is a number of seconds.');
  const selected = await selectExtension(given);
  const { extension } = selected;
  const same = sameExtension(given);
  const optionsOf = (each: KeyName): RotateOptions => ({
    key: each,
    extension,
    // On this machine instances start anew when a secret is put.
    isRead: given.local || given.settled,
    isLeaked: given.leaked,
    evenUnregistered: given['even-unregistered'],
    waitMs,
    now: () => new Date(),
    onProgress: (sentence) => console.error(sentence),
  });
  return await withData(selected, 'What was done stays done: run this again.', async (data) => {
    if (key === undefined) return await statusOfAll(data, optionsOf, same);
    const rotating = optionsOf(key);
    if (verb === 'status') {
      const standing = await standingOf(data, rotating);
      return { data: standing, text: describeStanding(standing, same) };
    }
    if (!given.yes) await confirm(rotating, verb);
    const value =
      key === 'api-secret' && verb === 'begin' ? await readApiSecret(data, extension, given.stdin) : undefined;
    const step = await verbs[verb as keyof typeof verbs](data, rotating, value);
    if (step.notYet !== undefined) process.exitCode = 2;
    return { data: step, text: describeStep(step, same) };
  });
});

async function statusOfAll(data: OpenData, optionsOf: (key: KeyName) => RotateOptions, same: string): Promise<Outcome> {
  const standings: Standing[] = [];
  for (const key of keyNames) {
    if (data.hasSecret(key)) standings.push(await standingOf(data, optionsOf(key)));
  }
  return { data: standings, text: standings.map((each) => describeStanding(each, same)).join('\n') };
}

/** Only what somebody notices, or what this cannot see, is asked about. */
async function confirm({ key, isLeaked, evenUnregistered }: RotateOptions, verb: string): Promise<void> {
  const question =
    key === 'session' && verb === 'begin' && isLeaked
      ? 'This ends every session: everybody signs in again.'
      : verb === 'next' && isLeaked && evenUnregistered
        ? 'Events of companies that are not registered again are refused until they are.'
        : key === 'edge' && verb === 'next'
          ? 'Has CloudFront been given the next value (npm run deploy -- -c edgeKeyVersion=…)? Without it, everybody sees 404 later.'
          : undefined;
  if (question === undefined) return;
  await requireYes(question, `${question} Add --yes where nobody can answer. Nothing was done.`, 'Nothing was done.');
}

/** Never an argument: those stay in the shell's history. @throws {StartError} where the platform does not accept it. */
async function readApiSecret(data: OpenData, { cluster }: Extension, fromStdin: boolean): Promise<string> {
  const mayAsk = !fromStdin && process.stdin.isTTY && process.stderr.isTTY;
  const apiSecret = fromStdin
    ? (await readAll(process.stdin)).trim()
    : process.env['EXTENSION_API_SECRET']?.trim() ||
      (mayAsk ? await askHidden('The new API secret (not shown): ', process.stdin, process.stderr) : '');
  if (!isCredential(apiSecret)) {
    throw new StartError(
      apiSecret === ''
        ? 'Nothing was stored: set EXTENSION_API_SECRET, hand the secret over with --stdin, or run this in a terminal.'
        : 'The API secret holds characters that none of the platform has. Nothing was stored.',
    );
  }
  const { SecretString: apiKey = '' } = await data.secretsManager.send(
    new GetSecretValueCommand({ SecretId: data.secretIdOf('api-key') }),
  );
  await readExtensionDetails({ cluster, apiKey, apiSecret }).catch((cause: Error) => {
    throw new StartError(`${cause.message} Nothing was stored.`, { cause });
  });
  return apiSecret;
}
