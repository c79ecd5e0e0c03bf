// npm run dev: the extension alone, on whatever platform the environment names. `fdk extension preview` runs it, and
// looks for five seconds whether somebody listens: so the ports come first, and what takes time to load after them.

import { scopesBeyond } from '../../shared/scope-ceiling.ts';
import { loadExtension } from '../load-extension.ts';
import { describeCertificate, makeCertificate } from '../local/host/certificate.ts';
import { chooseDataDirectory } from '../local/host/choose-data-directory.ts';
import { openEnvironmentFile } from '../local/host/environment-file.ts';
import { takePort } from '../local/host/listen.ts';
import type { Log } from '../local/host/log-entry.ts';
import { printLog } from '../local/host/print-log.ts';
import { devSettings } from '../local/host/settings.ts';
import { reportToPlatform } from '../local/report-to-platform.ts';
import { deskOptions } from './desk-options.ts';
import { readExtensionDetails } from './extension-details.ts';
import { runUntilStopped } from './run-until-stopped.ts';
import { tellProgress } from './tell-progress.ts';

await runUntilStopped(async (defer, signal) => {
  const desk = deskOptions('npm run dev', process.argv.slice(2));
  if (desk === undefined) return { ended: Promise.resolve(undefined) };
  const environmentFile = openEnvironmentFile();
  const { ports: named, dataDir, frontendElsewhere, isTls, ...settings } = devSettings(process.env);
  const certificate = isTls ? await makeCertificate() : undefined;
  const ports: Awaited<ReturnType<typeof takePort>>[] = [];
  for (const port of named) {
    const taken = await takePort(port, certificate);
    defer(() => taken.close());
    ports.push(taken);
  }
  const log = printLog(desk);
  const data = await chooseDataDirectory(dataDir, '.local', named[0].port);
  defer(() => data.close());
  if (data.besides !== undefined) {
    console.log(`${data.besides} is in use by another run: this one keeps its tables and secrets in ${data.path}.`);
  }
  if (frontendElsewhere !== undefined) console.log(`FRONTEND_PORT is left to ${frontendElsewhere}.`);
  // Only the simulated platform is on this machine, and takes what it cannot see.
  const reporter = settings.cluster.startsWith('http:') ? reportToPlatform(settings.cluster) : undefined;
  defer(() => reporter?.close());
  const { reloadOnChange } = await import('../reload/reload-on-change.ts');
  const tell: Log = (entry) => {
    log(entry);
    reporter?.log(entry);
  };
  const { startLocalExtension } = await import('../local/start-local-extension.ts');
  const extension = await tellProgress('Synthesizing the stack, and starting what it has', () =>
    startLocalExtension({
      ...settings,
      frontendElsewhere,
      port: ports,
      dataDir: data,
      showsErrors: true,
      log: tell,
      onDynamoDbRequest: reporter?.onDynamoDbRequest,
      reloadsPages: desk.watch,
      inspectPort: desk.inspectPort,
      signal,
    }),
  );
  defer(() => extension.close());
  await reporter?.announce(extension);
  if (desk.watch) {
    const reloading = await reloadOnChange({ extension, log: tell, environmentFile });
    defer(() => reloading.close());
  }
  console.log(`
  Serving ${extension.baseUrl}   on ${ports.map(({ port }) => `http://localhost:${port}`).join(' and ')}
  For     ${settings.cluster}
  Data    ${data.path}   delete it to begin again
${describeCertificate(certificate)}
  Ctrl-C ends it.
`);
  // Nobody waits for it, and who ends the run ends it.
  void tellMissingScopes(settings, signal).catch(() => undefined);
  return {};
});

/** Says which scopes nobody can grant, where key and secret tell; what else is wrong, npm run doctor finds. */
async function tellMissingScopes(
  settings: { cluster: string; apiKey: string; apiSecret: string },
  signal: AbortSignal,
): Promise<void> {
  const { scopes, cluster } = await loadExtension({ ...process.env, FP_API_DOMAIN: settings.cluster });
  const details = await readExtensionDetails({ ...settings, cluster }, signal).catch((error: Error) => error);
  if (signal.aborted) return;
  if (details instanceof Error) {
    console.log(`${details.message} npm run doctor -- --local looks again.`);
    return;
  }
  const missing = scopesBeyond(details.scopes ?? scopes, scopes);
  if (missing.length === 0) return;
  console.log(
    `The partner panel does not allow the extension ${missing.join(', ')}: add them there, or take them out of the configuration.`,
  );
}
