import { Duration, Stack, TimeZone } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  ContextAttribute,
  Schedule,
  ScheduleExpression,
  ScheduleTargetInput,
  TimeWindow,
} from 'aws-cdk-lib/aws-scheduler';
import { SqsSendMessage } from 'aws-cdk-lib/aws-scheduler-targets';
import { Construct } from 'constructs';
import type { Extension } from '../../shared/config.ts';
import { sweepSchedule } from '../../shared/contract.ts';
import type { WorkQueue } from './work-queue.ts';

/** Four times a day: what a message that was lost left undone is made up for by then. */
const sweep = { expression: 'rate(360 minutes)', timeZone: 'UTC' };

/**
 * Puts one message into the work queue each time that a schedule is due, the author's and the stack's own; the worker makes
 * one per company of it.
 */
export function addSchedules(scope: Construct, id: string, schedules: Extension['schedules'], queue: WorkQueue): void {
  const due = Object.entries({ ...schedules, [sweepSchedule]: sweep });
  const home = new Construct(scope, id);
  const role = roleForScheduler(home);
  queue.grantScheduledSends(role);
  for (const [name, { expression, timeZone }] of due) {
    const schedule = new Schedule(home, name, {
      schedule: ScheduleExpression.expression(expression, TimeZone.of(timeZone)),
      timeWindow: timeWindowFor(expression),
      target: new SqsSendMessage(queue, {
        // Granted above, without the construct's own statements.
        role: role.withoutPolicyUpdates(),
        messageGroupId: `schedule#${name}`,
        // The scheduler fills the time in. Each run has another one, and a repeated try of one run has the same: equal bodies
        // count as one message.
        input: ScheduleTargetInput.fromObject({ kind: 'schedule', name, run: ContextAttribute.scheduledTime }),
      }),
    });
    // Its first run may be due as soon as it exists.
    schedule.node.addDependency(role);
  }
}

/** Where it runs once an hour at most, within a quarter of one: not every extension's work begins with the same second. */
function timeWindowFor(expression: string): TimeWindow {
  const [, minutes] = /^rate\((\d+) minutes\)$/.exec(expression) ?? [];
  const isSeldom = minutes === undefined ? /^cron\(\d+ /.test(expression) : Number(minutes) >= 60;
  return isSeldom ? TimeWindow.flexible(Duration.minutes(15)) : TimeWindow.off();
}

/**
 * Only for schedules of this account: the scheduler serves everybody's.
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
 */
function roleForScheduler(home: Construct): Role {
  const stack = Stack.of(home);
  const group = stack.formatArn({ service: 'scheduler', resource: 'schedule-group', resourceName: 'default' });
  return new Role(home, 'Role', {
    assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': stack.account, 'aws:SourceArn': group } },
    }),
  });
}
