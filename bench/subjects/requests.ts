import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { Subject } from '../subject.ts';

/** What is asked of a function, and what it must answer. The events go round. */
export interface RequestsSetup {
  /** The URL of the function's bundle. */
  readonly bundle: string;
  readonly events: readonly APIGatewayProxyEventV2[];
  readonly expected: {
    readonly status: number;
    readonly header: string;
    readonly value: RegExp;
  };
}

type Handler = (event: APIGatewayProxyEventV2) => Promise<APIGatewayProxyStructuredResultV2>;

/** A function as Lambda calls it, ours or a bare one: what is asked and expected is the same. */
export async function start({ bundle, events, expected }: RequestsSetup): Promise<Subject<APIGatewayProxyEventV2>> {
  const { handler } = (await import(bundle)) as { handler: Handler };
  let asked = 0;
  return {
    input() {
      const event = events[asked % events.length];
      if (event === undefined) throw new Error('There is nothing to ask for.');
      asked += 1;
      return event;
    },
    async run(event) {
      const { statusCode, headers } = await handler(event);
      const told = String(headers?.[expected.header] ?? '');
      if (statusCode !== expected.status || !expected.value.test(told)) {
        throw new Error(`${event.rawPath} was answered ${statusCode}, ${expected.header}: ${told}`);
      }
    },
  };
}
