import { createSqs, WorkQueue } from '../../shared/store/work-queue.ts';
import { once, setting } from './settings.ts';

export const workQueue = once(() => new WorkQueue(createSqs(), setting('workQueueUrl')));
