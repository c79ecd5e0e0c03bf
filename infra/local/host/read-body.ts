import type { IncomingMessage } from 'node:http';

/**
 * The whole body, or undefined where it is larger. What is too much is read and dropped: an answer that comes while
 * the client still sends would reach it as a broken connection.
 */
export async function readBody(request: IncomingMessage, maximumBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= maximumBytes) chunks.push(chunk);
    else chunks.length = 0;
  }
  return length > maximumBytes ? undefined : Buffer.concat(chunks);
}
