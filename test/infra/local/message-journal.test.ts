import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openMessageJournal, type QueueMessage } from '../../../infra/local/sqs/message-journal.ts';
import { temporaryDirectory } from './fixture/start-fixture.ts';

const message = (messageId: string, body = 'CANARY-body'): QueueMessage => ({
  messageId,
  body,
  md5OfBody: '',
  messageAttributes: {},
  md5OfMessageAttributes: '',
  sentTimestamp: 1,
  approximateReceiveCount: 0,
});

/** Opens the journal of a folder as the next run does, and closes it again. */
function read(path: string, queue: string): { ids: string[]; warnings: string[] } {
  const warnings: string[] = [];
  const journal = openMessageJournal(join(path, 'queues.journal'), (sentence) => warnings.push(sentence));
  const ids = journal.messagesOf(queue).map(({ messageId }) => messageId);
  journal.close();
  return { ids, warnings };
}

function open(path: string, warnings: string[] = []) {
  return openMessageJournal(join(path, 'queues.journal'), (sentence) => warnings.push(sentence));
}

test('messages are in the queue they came to last, in order, until they are deleted', () => {
  using data = temporaryDirectory();
  const journal = open(data.path);
  for (const id of ['a', 'b', 'c', 'd']) journal.put('work', message(id));
  journal.put('other', message('x'));
  journal.delete('a');
  journal.delete('b');
  journal.put('dead', message('b'));
  journal.flush();
  // Not closed: as a run that was killed.
  expect(read(data.path, 'work')).toEqual({ ids: ['c', 'd'], warnings: [] });
  expect(read(data.path, 'dead').ids).toEqual(['b']);
  const next = open(data.path);
  next.purge('work');
  next.flush();
  expect([read(data.path, 'work').ids, read(data.path, 'other').ids]).toEqual([[], ['x']]);
});

test('a last line that is half-written is passed over in a sentence, and nothing else', () => {
  using data = temporaryDirectory();
  const file = join(data.path, 'queues.journal');
  const journal = open(data.path);
  journal.put('work', message('a'));
  journal.put('work', message('b'));
  journal.flush();
  const text = readFileSync(file, 'utf8');
  for (let length = text.indexOf('\n') + 2; length < text.length; length += 1) {
    writeFileSync(file, text.slice(0, length));
    const { ids, warnings } = read(data.path, 'work');
    expect([ids, warnings.length]).toEqual([['a'], 1]);
    expect(warnings[0]).toMatch(/^The last line of .*queues\.journal is half-written/);
  }
});

test('damaged lines cost what they said and nothing else, and the file is kept as it was', () => {
  using data = temporaryDirectory();
  const file = join(data.path, 'queues.journal');
  const journal = open(data.path);
  for (const id of ['a', 'b', 'c']) journal.put('work', message(id));
  journal.flush();
  const [a, b, c] = readFileSync(file, 'utf8').split('\n');
  const damaged = [a, '', b?.slice(5), 'null', '{"type":"put","queue":"work"}', c, ''].join('\n');
  writeFileSync(file, damaged);
  const { ids, warnings } = read(data.path, 'work');
  expect(ids).toEqual(['a', 'c']);
  expect(warnings).toEqual([expect.stringMatching(/^4 of the lines of .* is .*queues\.journal\.damaged/)]);
  expect(warnings.join('')).not.toContain('CANARY');
  expect(readFileSync(`${file}.damaged`, 'utf8')).toBe(damaged);
});

test('the file does not grow with messages that are gone, and is gone with the last one', () => {
  using data = temporaryDirectory();
  const file = join(data.path, 'queues.journal');
  const journal = open(data.path);
  journal.put('work', message('stays'));
  for (let index = 0; index < 5_000; index += 1) {
    journal.put('work', message(`${index}`));
    journal.delete(`${index}`);
    journal.flush();
  }
  expect(readFileSync(file, 'utf8').split('\n').length).toBeLessThan(1_002);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(read(data.path, 'work').ids).toEqual(['stays']);
  const next = open(data.path);
  next.delete('stays');
  next.close();
  expect(existsSync(file)).toBe(false);
});

test.skipIf(!existsSync('/dev/full'))('a disk without room for a shorter file costs no message', () => {
  using data = temporaryDirectory();
  const warnings: string[] = [];
  const journal = open(data.path, warnings);
  symlinkSync('/dev/full', join(data.path, 'queues.journal.next'));
  journal.put('work', message('first'));
  for (let index = 0; index < 600; index += 1) {
    journal.put('work', message(`${index}`));
    journal.flush();
    journal.delete(`${index}`);
    journal.flush();
  }
  journal.put('work', message('last'));
  journal.flush();
  expect(warnings).toEqual([expect.stringMatching(/queues\.journal cannot be written, since the disk is full/)]);
  expect(read(data.path, 'work').ids).toEqual(['first', 'last']);
});

test.skipIf(process.platform === 'win32')('what cannot be written is refused, and written once there is room', () => {
  using data = temporaryDirectory();
  const program = `
    import { openMessageJournal } from './infra/local/sqs/message-journal.ts';
    const journal = openMessageJournal('${join(data.path, 'queues.journal')}', console.log);
    const message = ${JSON.stringify(message('', 'x'.repeat(3_000)))};
    for (const messageId of ['a', 'b', 'c']) {
      journal.put('work', { ...message, messageId });
      try { journal.flush(); console.log(messageId, 'is safe'); } catch (error) { console.log(messageId, error.message); }
    }`;
  // In blocks of 512 bytes, or of 1,024: room for one message or two, and for a part of the next.
  const limited = 'ulimit -f 8; exec "$0" --input-type=module --eval "$1"';
  const { stdout } = spawnSync('bash', ['-c', limited, process.execPath, program], { encoding: 'utf8' });
  const safe = [...stdout.matchAll(/^(\w) is safe$/gm)].map(([, id]) => id);
  expect(stdout).toMatch(/^c .*queues\.journal cannot be written, since a file may not grow any more/m);
  expect(safe.length).toBeGreaterThan(0);
  const { ids, warnings } = read(data.path, 'work');
  expect(ids).toEqual(safe);
  expect(warnings).toHaveLength(1);
});
