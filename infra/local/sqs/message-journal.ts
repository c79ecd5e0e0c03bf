import { closeSync, copyFileSync, rmSync, writeSync } from 'node:fs';
import * as v from 'valibot';
import { fileError, readDataText, replaceDataFile } from '../host/data-file.ts';

const attributeSchema = v.object({
  DataType: v.string(),
  StringValue: v.exactOptional(v.string()),
  BinaryValue: v.exactOptional(v.string()),
});

/** A message as fauxqs has it, so that it is the same one after a restart. */
const messageSchema = v.object({
  messageId: v.string(),
  body: v.string(),
  md5OfBody: v.string(),
  messageAttributes: v.record(v.string(), attributeSchema),
  md5OfMessageAttributes: v.string(),
  sentTimestamp: v.number(),
  approximateReceiveCount: v.number(),
  approximateFirstReceiveTimestamp: v.exactOptional(v.number()),
  delayUntil: v.exactOptional(v.number()),
  messageGroupId: v.exactOptional(v.string()),
  messageDeduplicationId: v.exactOptional(v.string()),
  sequenceNumber: v.exactOptional(v.string()),
});
const lineSchema = v.variant('type', [
  v.object({ type: v.literal('put'), queue: v.string(), message: messageSchema }),
  v.object({ type: v.literal('delete'), id: v.string() }),
  v.object({ type: v.literal('purge'), queue: v.string() }),
]);

export type QueueMessage = v.InferOutput<typeof messageSchema>;
type Line = v.InferOutput<typeof lineSchema>;
/** Messages that are in a queue, in flight or not, by id and in their order. */
type Live = Map<string, { readonly queue: string; readonly message: QueueMessage }>;

/** What is in the queues, in a file that only its owner can read; it outlives a process that is killed. */
export interface MessageJournal {
  /** What the last run left in the queue of this name, in its order. */
  messagesOf(queue: string): readonly QueueMessage[];
  /** Notes a message, which then is in that queue and in no other. */
  put(queue: string, message: QueueMessage): void;
  delete(id: string): void;
  purge(queue: string): void;
  /**
   * Writes what was noted, to be called before anybody is told of it: what belongs together gets there together.
   * @throws {StartError} where it cannot be written; it is tried again the next time.
   */
  flush(): void;
  close(): void;
}

/** Below this many lines it is not worth writing the file again. */
const fewLines = 1_000;

/**
 * A line for each change; the file is written again when most of its lines are of messages that are gone.
 * @param warn told in a sentence of what was passed over, or cannot be written for now.
 * @throws {StartError} where the file cannot be used.
 */
export function openMessageJournal(file: string, warn: (sentence: string) => void): MessageJournal {
  const live = readJournal(file, warn);
  let lines = live.size;
  let unwritten = Buffer.alloc(0);
  let descriptor = replaceDataFile(file, textOf(live));

  const write = () => {
    try {
      while (unwritten.length > 0) unwritten = unwritten.subarray(writeSync(descriptor, unwritten));
    } catch (error) {
      throw fileError(file, 'written', error);
    }
  };
  const compact = () => {
    const next = replaceDataFile(file, textOf(live));
    closeSync(descriptor);
    descriptor = next;
    lines = live.size;
  };
  const note = (line: Line) => {
    apply(live, line);
    unwritten = Buffer.concat([unwritten, bytesOf(line)]);
    lines += 1;
  };
  return {
    messagesOf: (queue) => [...live.values()].filter((one) => one.queue === queue).map(({ message }) => message),
    put(queue, message) {
      if (live.get(message.messageId)?.queue !== queue) note({ type: 'put', queue, message });
    },
    delete: (id) => note({ type: 'delete', id }),
    purge: (queue) => note({ type: 'purge', queue }),
    flush() {
      write();
      if (lines < fewLines || lines < 4 * live.size) return;
      try {
        compact();
      } catch (error) {
        // What must be there is: the file is only longer than it need be.
        warn((error as Error).message);
        lines = live.size;
      }
    },
    close() {
      try {
        compact();
      } finally {
        closeSync(descriptor);
      }
      if (live.size === 0) rmSync(file, { force: true });
    },
  };
}

function readJournal(file: string, warn: (sentence: string) => void): Live {
  const live: Live = new Map();
  const texts = (readDataText(file) ?? '').split('\n');
  const halfWritten = texts.pop();
  let damaged = 0;
  for (const text of texts) {
    const line = parseLine(text);
    if (line) apply(live, line);
    else damaged += 1;
  }
  if (halfWritten) warn(`The last line of ${file} is half-written, as a killed run leaves it: it was passed over.`);
  if (damaged > 0) {
    copyFileSync(file, `${file}.damaged`);
    warn(
      `${damaged} of the lines of ${file} are damaged and were passed over: the file as it was is ${file}.damaged, delete that when you need it no more.`,
    );
  }
  return live;
}

function parseLine(text: string): Line | undefined {
  try {
    return v.parse(lineSchema, JSON.parse(text));
  } catch {
    return undefined;
  }
}

function apply(live: Live, line: Line): void {
  if (line.type === 'purge') {
    for (const [id, { queue }] of live) if (queue === line.queue) live.delete(id);
    return;
  }
  live.delete(line.type === 'put' ? line.message.messageId : line.id);
  if (line.type === 'put') live.set(line.message.messageId, { queue: line.queue, message: line.message });
}

function bytesOf(line: Line): Buffer {
  return Buffer.from(`${JSON.stringify(line)}\n`);
}

function textOf(live: Live): string {
  return [...live.values()].map(({ queue, message }) => bytesOf({ type: 'put', queue, message })).join('');
}
