import { withCause } from '../../shared/background/messages.ts';
import { createSqs, WorkQueue } from '../../shared/store/work-queue.ts';
import { once, setting } from './settings.ts';

export const workQueue = once(() => new WorkQueue(createSqs(), setting('workQueueUrl')));

/** The work queue for who sends because of this request or message: what is sent says so, and the worker's line with it. */
export function workQueueOf(causedBy: string): Pick<WorkQueue, 'send'> {
  return { send: (messages) => workQueue().send(messages.map((message) => withCause(message, causedBy))) };
}
