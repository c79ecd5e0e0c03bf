import { scheduleMessage } from '../../shared/background/messages.ts';
import { WorkQueue } from '../../shared/store/work-queue.ts';
import type { OpenData } from './open-data.ts';

/** Has the worker do now what it does when this schedule is due. */
export async function sendSchedule(
  { sqs, workQueueUrl }: Pick<OpenData, 'sqs' | 'workQueueUrl'>,
  name: string,
): Promise<void> {
  // A moment of its own: one run is done once. With milliseconds, unlike the scheduler's.
  const message = scheduleMessage({ name, run: new Date().toISOString(), partition: 0, page: 1 });
  await new WorkQueue(sqs, workQueueUrl).send([message]);
}
