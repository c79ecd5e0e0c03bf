// npm start: the simulated platform and the extension on it, with nothing else to install.
import { join } from 'node:path';
import { loadExtension } from '../load-extension.ts';
import { describeCertificate, makeCertificate } from '../local/host/certificate.ts';
import { chooseDataDirectory } from '../local/host/choose-data-directory.ts';
import { writeDataFile } from '../local/host/data-file.ts';
import { openEnvironmentFile } from '../local/host/environment-file.ts';
import { claimPort, takePort } from '../local/host/listen.ts';
import type { Log } from '../local/host/log-entry.ts';
import { printLog } from '../local/host/print-log.ts';
import { startSettings } from '../local/host/settings.ts';
import { reportToPlatform } from '../local/report-to-platform.ts';
import { platformCredentials, startSimulatedPlatform } from '../local/simulated-platform.ts';
import { deskOptions } from './desk-options.ts';
import { runUntilStopped } from './run-until-stopped.ts';
import { tellProgress } from './tell-progress.ts';

await runUntilStopped(async (defer, signal) => {
  const desk = deskOptions('npm start', process.argv.slice(2));
  if (desk === undefined) return { ended: Promise.resolve(undefined) };
  const environmentFile = openEnvironmentFile();
  const { platformPort, extensionPort, isTls, dataDir, configFile } = startSettings(process.env);
  const certificate = isTls ? await makeCertificate() : undefined;
  const claim = await claimPort(platformPort);
  defer(() => claim.release());
  const port = await takePort(extensionPort, certificate);
  defer(() => port.close());
  const log = printLog(desk);
  const data = await chooseDataDirectory(dataDir, '.local', extensionPort.port);
  defer(() => data.close());
  if (data.besides !== undefined) {
    console.log(`${data.besides} is in use by another run: this one keeps its tables and secrets in ${data.path}.`);
  }

  const baseUrl = `${isTls ? 'https' : 'http'}://localhost:${extensionPort.port}`;
  const cluster = `http://127.0.0.1:${platformPort.port}`;
  const { unlisted, region } = await loadExtension({ ...process.env, FP_API_DOMAIN: cluster });
  const credentials = platformCredentials(data.path);
  if (certificate) writeDataFile(join(data.path, 'certificate.pem'), certificate.cert);
  const platform = await tellProgress('Starting the simulated platform', () =>
    startSimulatedPlatform({
      ...credentials,
      port: platformPort.port,
      baseUrl,
      stateFile: join(data.path, 'simulated-platform-state.json'),
      trusted: certificate && join(data.path, 'certificate.pem'),
      unlisted,
      region,
      log,
      signal,
    }),
  );
  defer(() => platform.close());
  const reporter = reportToPlatform(platform.url);
  defer(() => reporter.close());
  const { reloadOnChange } = await import('../reload/reload-on-change.ts');
  const tell: Log = (entry) => {
    log(entry);
    reporter.log(entry);
  };
  const { startLocalExtension } = await import('../local/start-local-extension.ts');
  const extension = await tellProgress('Synthesizing the stack, and starting what it has', () =>
    startLocalExtension({
      ...credentials,
      cluster,
      port: [port],
      baseUrl,
      dataDir: data,
      configFile,
      showsErrors: true,
      log: tell,
      onDynamoDbRequest: reporter.onDynamoDbRequest,
      reloadsPages: desk.watch,
      inspectPort: desk.inspectPort,
      signal,
    }),
  );
  defer(() => extension.close());
  await reporter.announce(extension);
  if (desk.watch) {
    const reloading = await reloadOnChange({ extension, log: tell, environmentFile });
    defer(() => reloading.close());
  }
  console.log(`
  Open    ${platform.url}   and click Install: the simulated admin panel
  Serving ${baseUrl}   the extension, as it would be deployed
  Data    ${data.path}   delete it to begin again
${describeCertificate(certificate)}
  Ctrl-C ends both.
`);
  return { ended: platform.ended };
});
