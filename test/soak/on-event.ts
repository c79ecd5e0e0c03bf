import { event } from '../../functions/runtime/background.ts';
import { workVisibly } from './work-visibly.ts';

interface SoakPayload {
  readonly seq: number;
  readonly milliseconds: number;
}

export const handler = event<SoakPayload>(async (context) => {
  await workVisibly(context, String(context.payload.seq), context.payload.milliseconds);
});
