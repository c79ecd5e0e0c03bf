import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { readEvent, writeEvent } from '../requests.ts';
import type { Subject } from '../subject.ts';

/** What is asked of the platform proxy. `reads` go round: each is a person's cookie, a path and a page of the listing. */
export interface ExtensionSetup {
  /** The URL of the bundle. */
  readonly bundle: string;
  readonly kind: 'hit' | 'miss' | 'write';
  readonly reads: readonly { readonly cookie: string; readonly path: string; readonly page: number }[];
}

type Handler = (event: APIGatewayProxyEventV2) => Promise<APIGatewayProxyStructuredResultV2>;

/** The function as it is deployed: its own bundle, called as Lambda calls it. */
export async function start({ bundle, kind, reads }: ExtensionSetup): Promise<Subject<APIGatewayProxyEventV2>> {
  const { handler } = (await import(bundle)) as { handler: Handler };
  const cacheStatus = { hit: /; hit; /, miss: /fwd=uri-miss; stored$/, write: undefined }[kind];
  let asked = 0;
  return {
    input() {
      const read = reads[asked % reads.length];
      if (read === undefined) throw new Error('There is nothing to ask for.');
      asked += 1;
      if (kind === 'write') return writeEvent(read.cookie);
      // A miss is a page that nobody has asked for yet.
      return readEvent(read.cookie, kind === 'miss' ? read.page + asked : read.page, read.path);
    },
    async run(event) {
      const { statusCode, headers } = await handler(event);
      const told = String(headers?.['cache-status'] ?? '');
      if (statusCode !== 200 || cacheStatus?.test(told) === false) {
        throw new Error(`The ${kind} was answered ${statusCode}, ${told}`);
      }
    },
  };
}
