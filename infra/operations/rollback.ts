// npm run rollback: leads all functions of a gradual deployment back to an earlier release.
import { LambdaClient } from '@aws-sdk/client-lambda';
import { awsClientOptions } from '../../shared/aws-client-options.ts';
import { ask } from '../commands/ask.ts';
import { sentenceOfAws } from '../commands/aws-access.ts';
import { runCommand } from '../commands/run-command.ts';
import { selectDeployed, whichDeployed, whichDeployedUsage } from '../commands/select-extension.ts';
import { StartError } from '../local/host/start-error.ts';
import { leadTo, liveFunctions } from './rollback/live-functions.ts';
import { type Move, planRollback, releasesOf } from './rollback/plan-rollback.ts';

const usage = `npm run rollback [-- options]

Leads every function back to the release before, in a second and without a deployment: all of them, or none. It needs a
stage with gradual deployments. Interrupted, run it again: it goes on to the same release, and no further.

  --to RELEASE     to this one, older or newer. Releases are told where there is no such one
  --yes            does not ask
${whichDeployedUsage}

What it leads back is code, with the configuration that was compiled into it. What it does not: what is stored in tables,
permissions, routes, schedules and other resources, and what is registered at the platform.`;

const options = { ...whichDeployed, to: { type: 'string' }, yes: { type: 'boolean', default: false } } as const;

const notLedBack = `Not led back: what was stored, permissions, routes, schedules and other resources, and what is registered at the platform
(events: npm run webhooks -- resync). Deploying the same commit again changes nothing: deploy one that mends it.`;

await runCommand({ usage, options }, async ({ values }) => {
  const { stack, where } = await selectDeployed(values, { whileUpdating: true });
  if (stack.status.endsWith('IN_PROGRESS') && !stack.status.includes('CLEANUP')) {
    throw new StartError(
      `A deployment of ${where} is under way: nothing was changed. To take that one back, run "aws cloudformation cancel-update-stack --region ${stack.region} --stack-name ${stack.name}".`,
    );
  }
  const lambda = new LambdaClient({
    region: stack.region,
    ...awsClientOptions({ requestTimeoutMs: 10_000, maxAttempts: 6 }),
  });
  try {
    const functions = await liveFunctions(lambda, stack);
    if (functions.length === 0) {
      throw new StartError(
        `The functions of ${where} have no aliases, because its deployments are not gradual: nothing was changed. Check out the last commit that worked and run npm run deploy. With gradual in a stage, this command does it in a second.`,
      );
    }
    if (functions.some(({ isMoving }) => isMoving)) {
      throw new StartError(
        'CodeDeploy is moving a part of the calls: nothing was changed. Stop its deployment, or wait.',
      );
    }
    const { from, to, moves } = planRollback(functions, values.to);
    const outcome = (changed: boolean, text: string) => ({
      data: {
        stack: stack.name,
        region: stack.region,
        from,
        to,
        changed,
        functions: moves.map(({ fn, to: version }) => ({ name: fn.name, from: fn.live, to: version })),
      },
      text,
    });
    if (moves.length === 0) {
      const releases = releasesOf(functions).map(({ release }) => (release === to ? `${release} (live)` : release));
      return outcome(
        false,
        `Every function of ${where} is at the release ${to} already. Newest first, there are: ${releases.join(', ')}. --to leads to any of them.`,
      );
    }
    const lines = moves.map(({ fn, to: version }) => `  ${fn.name}  ${fn.live} → ${version}`).join('\n');
    const shown = `${where}, from the release ${from.join(' and ') || 'without a name'} to ${to}:\n${lines}\n`;
    if (!values.yes && !(await isAgreed(shown))) {
      process.exitCode = 1;
      return outcome(false, 'Nothing was changed.');
    }
    await leadAll(lambda, moves, to);
    const staying = functions.length - moves.length;
    const others = staying === 0 ? '' : ` ${staying} stayed as ${staying === 1 ? 'it was' : 'they were'}.`;
    const moved = `${moves.length} ${moves.length === 1 ? 'function' : 'functions'}`;
    return outcome(true, `${moved} of ${where} went to the release ${to}.${others}\n${notLedBack}`);
  } finally {
    lambda.destroy();
  }
});

async function isAgreed(shown: string): Promise<boolean> {
  const answer = await ask(
    `${shown}${notLedBack}\nLead them there? [y/N] `,
    'Nothing was changed: without a terminal to ask in, say --yes.',
  );
  return /^y(es)?$/i.test(answer);
}

/** @throws {StartError} where one could not be led there: the others are where they were, or the sentence names them. */
async function leadAll(lambda: LambdaClient, moves: readonly Move[], release: string): Promise<void> {
  const results = await Promise.allSettled(moves.map(({ fn, to }) => leadTo(lambda, fn, to)));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed === undefined) return;
  const because = sentenceOfAws(failed.reason) ?? 'One of the functions could not be led there.';
  const moved = moves.flatMap(({ fn }, index) => {
    const result = results[index];
    return result?.status === 'fulfilled' ? [{ ...fn, revisionId: result.value }] : [];
  });
  const undone = await Promise.allSettled(moved.map((fn) => leadTo(lambda, fn, fn.live)));
  const left = moved.filter((_fn, index) => undone[index]?.status === 'rejected').map(({ name }) => name);
  if (left.length === 0)
    throw new StartError(`${because} Nothing was changed: run this again.`, { cause: failed.reason });
  throw new StartError(
    `${because} These were led there and could not be led back: ${left.join(', ')}. Run this again with --to ${release}, or with another one.`,
    { cause: failed.reason },
  );
}
