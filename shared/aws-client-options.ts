import * as http from 'node:http';
import * as https from 'node:https';

/**
 * Options for every client of the AWS SDK. A request that gets no response within `requestTimeoutMs`, or one that stops
 * half way, is given up and made again on another connection. After `maxAttempts` of them the call rejects with the last
 * error (`TimeoutError`). Both fit into the 10 s of the shortest function: 2 s each and up to 0.15 s between them; what
 * is throttled is repeated after up to a second, then after up to two.
 *
 * The SDK only warns unless `throwOnRequestTimeout` is set, and repeats a `TimeoutError` as it does a lost connection. A
 * write may thus be made twice: so each must bear it, or have a condition.
 */
export function awsClientOptions({ requestTimeoutMs = 2_000, maxAttempts = 3 } = {}) {
  return {
    maxAttempts,
    requestHandler: {
      connectionTimeout: requestTimeoutMs / 2,
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
      // What `requestTimeout` no longer watches once a response has begun.
      socketTimeout: requestTimeoutMs,
      httpAgent: withoutDeadConnections(new http.Agent(agentOptions)),
      httpsAgent: withoutDeadConnections(new https.Agent(agentOptions)),
    },
  };
}

/** The SDK's own. */
const agentOptions = { keepAlive: true, maxSockets: 50 };

/**
 * A frozen instance loses all its kept-alive connections at once. Where one turns out dead, those that idle are closed
 * too, or each attempt would take the next of them.
 */
function withoutDeadConnections<Agent extends http.Agent>(agent: Agent): Agent {
  const reuse = agent.reuseSocket.bind(agent);
  agent.reuseSocket = (socket, request) => {
    reuse(socket, request);
    request.once('error', () => {
      for (const idle of Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? [])) idle.destroy();
    });
  };
  return agent;
}
