// node infra/run.mjs bench/reload.ts: how long an edit takes until it is served, beside starting all over again.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startLocalExtension } from '../infra/local/start-local-extension.ts';
import { reloadOnChange } from '../infra/reload/reload-on-change.ts';

const edits = 30;
const restarts = 5;

mkdirSync('cdk.out', { recursive: true });
const root = mkdtempSync(join('cdk.out', 'bench-reload-'));
const file = (name: string) => join(root, name);
const handler = (version: number) => `import { api } from '../../functions/runtime/api.ts';
import { name } from './shared.ts';
export const handler = api(async () => ({ name, version: ${version} }));
`;
const shared = (version: number) => `export const name = 'version ${version}';\n`;
writeFileSync(file('handler.ts'), handler(0));
writeFileSync(file('shared.ts'), shared(0));
writeFileSync(
  file('extension.config.ts'),
  `import { defineExtension } from '../../shared/config.ts';
export default defineExtension({
  name: 'Reload', scopes: ['company/products'], api: { 'GET /api/one': './${file('handler.ts')}' },
});
`,
);
const options = {
  apiKey: 'bench',
  apiSecret: 'bench-secret',
  cluster: 'http://127.0.0.1:9',
  port: 0,
  dataDir: file('.data'),
  configFile: file('extension.config.ts'),
};

async function measure(count: number, act: (index: number) => Promise<unknown>): Promise<string> {
  const milliseconds: number[] = [];
  for (let index = 1; index <= count; index += 1) {
    const begunAt = performance.now();
    await act(index);
    milliseconds.push(performance.now() - begunAt);
  }
  const sorted = milliseconds.toSorted((a, b) => a - b);
  const at = (share: number) => `${Math.round(sorted[Math.ceil(share * count) - 1] ?? 0)} ms`;
  return `p50 ${at(0.5)}, p95 ${at(0.95)}, of ${count}`;
}

try {
  const restart = await measure(restarts, async () => {
    const extension = await startLocalExtension(options);
    await fetch(`${extension.baseUrl}/_healthz`);
    await extension.close();
  });
  const extension = await startLocalExtension(options);
  let told = () => {};
  const log: Parameters<typeof reloadOnChange>[0]['log'] = (entry) => {
    if (entry.kind === 'note' && entry.text.startsWith('Reloaded ')) told();
  };
  const reloading = await reloadOnChange({ extension, root, log });
  const edit = (name: string, text: (version: number) => string) =>
    measure(edits, async (index) => {
      const reloaded = new Promise<void>((resolve) => (told = resolve));
      writeFileSync(file(name), text(index));
      await reloaded;
    });
  console.log(`an edit of a handler, until its new instance serves   ${await edit('handler.ts', handler)}`);
  console.log(`an edit of a file that it imports                     ${await edit('shared.ts', shared)}`);
  console.log(`a restart, until the first request is answered        ${restart}`);
  await reloading.close();
  await extension.close();
} finally {
  rmSync(root, { recursive: true, force: true });
}
