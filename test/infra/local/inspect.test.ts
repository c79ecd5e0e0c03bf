import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { findFreePort } from '../../../infra/local/host/listen.ts';
import { Browser } from '../../flow/browser.ts';
import { startWorld } from '../../start-world.ts';

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: unknown;
}

/** A debugger of the functions' threads, as editors are one. */
async function attach(port: number) {
  const [target] = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as {
    webSocketDebuggerUrl: string;
  }[];
  const socket = new WebSocket(target?.webSocketDebuggerUrl ?? '');
  await new Promise((resolve) => socket.addEventListener('open', resolve));
  let id = 0;
  const hear: ((sessionId: string, message: Message) => void)[] = [];
  const sendTo = (sessionId: string, method: string, params: object = {}) => {
    const message = JSON.stringify({ id: (id += 1), method, params });
    socket.send(JSON.stringify({ id, method: 'NodeWorker.sendMessageToWorker', params: { sessionId, message } }));
  };
  socket.addEventListener('message', ({ data }) => {
    const { method, params = {} } = JSON.parse(String(data)) as Message;
    if (method === 'NodeWorker.attachedToWorker') sendTo(String(params['sessionId']), 'Debugger.enable');
    if (method === 'NodeWorker.receivedMessageFromWorker') {
      const message = JSON.parse(String(params['message'])) as Message;
      for (const listener of hear) listener(String(params['sessionId']), message);
    }
  });
  socket.send(JSON.stringify({ id: 0, method: 'NodeWorker.enable', params: { waitForDebuggerOnStart: false } }));
  return { socket, sendTo, onMessage: (listener: (typeof hear)[number]) => void hear.push(listener) };
}

test('a debugger stops in the source of a handler, for as long as it likes', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'inspect-'));
  const inspectPort = await findFreePort();
  const folder = 'test/infra/local/fixture/mistakes';
  const local = await startWorld({ dataDir, configFile: `${folder}/extension.config.ts`, inspectPort });
  const connection = await attach(inspectPort);
  try {
    const browser = new Browser(local.world);
    await browser.signIn(1);
    const wanted = readFileSync(`${folder}/mistake.ts`, 'utf8')
      .split('\n')
      .findIndex((line) => line.includes('throw new RangeError'));
    let map: SourceMap | undefined;
    const stopped = new Promise<{ lineNumber: number; columnNumber: number }>((resolve) => {
      connection.onMessage((sessionId, { method, params = {} }) => {
        const mapUrl = String(params['sourceMapURL']);
        if (method === 'Debugger.scriptParsed' && mapUrl.startsWith('data:application/json;base64,')) {
          const payload = JSON.parse(Buffer.from(mapUrl.split(',')[1] ?? '', 'base64').toString()) as SourceMapPayload;
          const source = payload.sources.find((each) => each === `${folder}/mistake.ts`);
          if (source === undefined) return;
          expect(payload.sourceRoot).toMatch(/^file:.*\/$/);
          expect(fileURLToPath(payload.sourceRoot + source)).toBe(join(process.cwd(), folder, 'mistake.ts'));
          map = new SourceMap(payload);
          // As a debugger does it: from the line of the source to a place in what runs.
          const code = readFileSync(fileURLToPath(String(params['url'])), 'utf8').split('\n');
          const place = code.flatMap((line, lineNumber) => {
            const columnNumber = line.indexOf('throw new RangeError("my <own> mistake"');
            return columnNumber === -1 ? [] : [{ lineNumber, columnNumber }];
          })[0];
          connection.sendTo(sessionId, 'Debugger.setBreakpoint', {
            location: { scriptId: params['scriptId'], ...place },
          });
        }
        if (method === 'Debugger.paused') {
          const [frame] = params['callFrames'] as { location: { lineNumber: number; columnNumber: number } }[];
          if (frame) resolve(frame.location);
          connection.sendTo(sessionId, 'Debugger.resume');
        }
      });
    });
    await browser.fetch('/api/mistakes/none');
    const response = browser.fetch('/api/mistakes/error', { headers: { accept: 'application/json' } });
    const { lineNumber, columnNumber } = await stopped;
    expect(map?.findEntry(lineNumber, columnNumber)).toMatchObject({ originalLine: wanted });
    expect((await response).status).toBe(500);
  } finally {
    connection.socket.close();
    await local.close();
    await rm(dataDir, { recursive: true, force: true });
  }
});
