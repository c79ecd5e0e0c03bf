import type { ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { Answer, HttpClient } from './http.ts';
import type { Fault } from './interceptions.ts';

const scripted = ({ status, body, body_base64, body_repeat }: Fault): boolean =>
  [status, body, body_base64, body_repeat].some((one) => one !== undefined);

/** Whether the request is to take effect before the fault strikes. */
export const isHandled = (fault: Fault): boolean =>
  fault.after_handling === true || !(scripted(fault) || fault.hang_up === 'before' || fault.silent === true);

/** The answer that a fault makes of the real one (undefined where the request was not handled). */
export function disturb(fault: Fault, real: Answer | undefined): Answer {
  const base: Answer = real ?? { status: 200, headers: { 'content-type': 'text/plain' }, body: '' };
  const text =
    fault.body ??
    (fault.body_repeat ? fault.body_repeat.text.repeat(fault.body_repeat.count) : undefined) ??
    (fault.body_base64 === undefined ? undefined : Buffer.from(fault.body_base64, 'base64'));
  const body = Buffer.from(scripted(fault) ? (text ?? '') : base.body);
  const headers = scripted(fault) ? { 'content-type': 'text/plain; charset=utf-8' } : base.headers;
  return {
    status: fault.status ?? base.status,
    headers: {
      ...headers,
      ...Object.fromEntries(Object.entries(fault.headers ?? {}).map(([k, value]) => [k.toLowerCase(), value])),
    },
    body: fault.truncate ? body.subarray(0, Math.floor(body.length / 2)) : body,
  };
}

/** Writes an answer to the wire, in the way that the fault wants it. Resolves when it is done or the client is gone. */
export async function deliver(
  response: ServerResponse,
  httpClient: HttpClient,
  answer: Answer,
  fault: Fault = {},
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => {
    gone.abort();
  });
  const stillThere = async (milliseconds: number) =>
    wait(milliseconds, true, { signal: gone.signal }).catch(() => false);
  if (fault.delay_ms !== undefined && !(await stillThere(fault.delay_ms))) return;
  if (fault.silent) {
    httpClient.record.status = 0;
    return;
  }
  if (fault.hang_up === 'before') {
    httpClient.record.status = 0;
    response.destroy();
    return;
  }
  if (answer.follow) {
    response.writeHead(answer.status, answer.headers).write(answer.body);
    response.once(
      'close',
      answer.follow((text) => response.write(text)),
    );
    return;
  }
  const body = Buffer.from(answer.body);
  httpClient.record.status = answer.status;
  const bodiless = httpClient.method === 'HEAD' || answer.status === 204 || answer.status === 304;
  const length = answer.status === 204 || answer.status === 304 ? {} : { 'content-length': String(body.length) };
  response.writeHead(answer.status, { ...length, ...answer.headers });
  if (fault.hang_up === 'mid-body') {
    response.write(body.subarray(0, Math.floor(body.length / 2)), () => response.destroy());
    return;
  }
  if (fault.drip && !bodiless) {
    for (let at = 0; at < body.length; at += fault.drip.bytes) {
      response.write(body.subarray(at, at + fault.drip.bytes));
      if (!(await stillThere(fault.drip.every_ms))) return;
    }
    response.end();
    return;
  }
  response.end(bodiless ? undefined : body);
}
