// Loaded into the CDK app's process before its own program: leaves in its assembly the list of the project's files that it
// was made by, so that it is run again when one of them changes.
import { writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const files = new Set<string>();
registerHooks({
  load(url, context, nextLoad) {
    const path = url.startsWith('file:') ? relative('.', fileURLToPath(url.replace(/[?#].*$/, ''))) : '';
    if (path !== '' && !/^\.\.|(^|[\\/])node_modules[\\/]/.test(path)) files.add(path.replaceAll('\\', '/'));
    return nextLoad(url, context);
  },
});
process.on('exit', (code) => {
  const directory = process.env['CDK_OUTDIR'];
  if (code === 0 && directory) writeFileSync(join(directory, 'loaded-files.json'), JSON.stringify([...files]));
});
