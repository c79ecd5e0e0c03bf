// npm run dev: the extension alone, on whatever platform the environment names. `fdk extension preview` runs it.
import { chooseDataDirectory } from '../local/host/choose-data-directory.ts';
import { claimPort } from '../local/host/listen.ts';
import { printLog } from '../local/host/print-log.ts';
import { devSettings, loadEnvironmentFile } from '../local/host/settings.ts';
import { startLocalExtension } from '../local/start-local-extension.ts';
import { runUntilStopped } from './run-until-stopped.ts';

await runUntilStopped(async (defer, signal) => {
  loadEnvironmentFile();
  const { ports, dataDir, ...settings } = devSettings(process.env);
  for (const port of ports) {
    const claim = await claimPort(port);
    defer(() => claim.release());
  }
  const log = printLog();
  const data = await chooseDataDirectory(dataDir, '.local', ports[0].port);
  defer(() => data.close());
  if (data.besides !== undefined) {
    console.log(`${data.besides} is in use by another run: this one keeps its tables and secrets in ${data.path}.`);
  }
  console.log('Synthesizing the stack …');
  const extension = await startLocalExtension({ ...settings, port: ports, dataDir: data, log, signal });
  defer(() => extension.close());
  console.log(`
  Serving ${extension.baseUrl}   on ${ports.map(({ port }) => `http://localhost:${port}`).join(' and ')}
  For     ${settings.cluster}
  Data    ${data.path}   delete it to begin again

  Ctrl-C ends it.
`);
  return {};
});
