import { createHttpClient, type HttpClient } from '../../shared/http/http-client.ts';
import { AppError } from '../../shared/problems.ts';
import { noteForLine } from './log.ts';
import { count } from './metric.ts';
import { once } from './settings.ts';
import { traceCall } from './trace.ts';

/** The platform's; its connections live as long as this instance. */
export const httpClient = once(() => watched(createHttpClient()));

/** Counts what the platform answers, and puts each call into the trace. */
function watched(send: HttpClient): HttpClient {
  return async (request, deadline) => {
    const startedAtMs = performance.now();
    const trace = traceCall(request);
    let status: number | undefined;
    try {
      const response = await send(request, deadline);
      ({ status } = response);
      count('UpstreamMs', Math.round(performance.now() - startedAtMs));
      if (status >= 400) count(status >= 500 ? 'Upstream5xx' : status === 429 ? 'Upstream429' : 'Upstream4xx');
      const traceId = response.headers['x-fynd-trace-id'] ?? '';
      if (/^[\w-]{1,64}$/.test(traceId)) noteForLine('platform_trace_id', traceId);
      return response;
    } catch (error) {
      // What is too large did answer.
      if (!(error instanceof AppError && error.code === 'response_too_large')) count('UpstreamSilent');
      throw error;
    } finally {
      trace?.(status);
    }
  };
}
