import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:dgram';
import type { HttpClientRequest } from '../../shared/http/http-client.ts';

/**
 * The trace of this invocation, where X-Ray keeps it: which one, and the part of it that calls made here belong to. Undefined for
 * the many that are not sampled. https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
 */
export function sampledTrace(): { readonly root: string; readonly parent: string } | undefined {
  const header = process.env['_X_AMZN_TRACE_ID'] ?? '';
  const [, root, parent] = /\bRoot=([\w-]+);Parent=(\w+);Sampled=1/.exec(header) ?? [];
  return root === undefined || parent === undefined ? undefined : { root, parent };
}

/** What a path names first: the service, its version and whose it is. What follows may name people. */
const shownSegments = 7;

/**
 * Begins the part of a call to the platform in a sampled trace; what it answers is to be called with the status, undefined
 * where there was none. Undefined where nobody looks. The daemon is told by UDP, without waiting: what fails there is lost,
 * and nothing else. Neither query, header nor body is told. https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
 */
export function traceCall({
  origin,
  method,
  target,
}: HttpClientRequest): ((status: number | undefined) => void) | undefined {
  const trace = sampledTrace();
  const daemon = process.env['AWS_XRAY_DAEMON_ADDRESS'];
  if (trace === undefined || !daemon) return undefined;
  const start_time = Date.now() / 1000;
  return (status) => {
    const path = target.split('?', 1)[0]?.split('/').slice(0, shownSegments).join('/');
    tell(daemon, {
      trace_id: trace.root,
      parent_id: trace.parent,
      id: randomBytes(8).toString('hex'),
      type: 'subsegment',
      namespace: 'remote',
      name: new URL(origin).host,
      start_time,
      end_time: Date.now() / 1000,
      http: { request: { method, url: `${origin}${path}` }, ...(status !== undefined && { response: { status } }) },
      fault: status === undefined || status >= 500,
      error: status !== undefined && status >= 400 && status < 500,
      throttle: status === 429,
    });
  };
}

let socket: Socket | undefined;

function tell(daemon: string, segment: object): void {
  const [, host, port] = /([^\s:]+):(\d+)$/.exec(daemon) ?? [];
  try {
    // Only here: most instances never need it.
    socket ??= process.getBuiltinModule('node:dgram').createSocket('udp4').on('error', forget).unref();
    socket.send(`{"format":"json","version":1}\n${JSON.stringify(segment)}`, Number(port), host, () => undefined);
  } catch {
    forget();
  }
}

function forget(): void {
  socket = undefined;
}
