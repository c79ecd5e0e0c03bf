import * as v from 'valibot';
import { bodyOf, type Control, ControlError } from './control-call.ts';
import { json } from './http.ts';

const isLoopback = (address: string): boolean =>
  ['localhost', '127.0.0.1', '[::1]'].includes(new URL(address).hostname) && address.startsWith('http:');
const runtimeSchema = v.strictObject({
  /** What the panel calls it. */
  name: v.pipe(v.string(), v.nonEmpty(), v.maxLength(100)),
  schedules: v.array(v.pipe(v.string(), v.regex(/^[\w-]{1,64}$/, 'not a name of a schedule'))),
  /** Is posted `{"schedule": name}`; on this machine. */
  run_url: v.pipe(v.string(), v.url(), v.check(isLoopback, 'must be an http address of this machine')),
});

/** The extension's runtime says that it is there, which schedules it can run, and where it is told to. */
export const announceRuntime: Control = (state, httpClient) => {
  const { run_url, ...runtime } = bodyOf(httpClient, runtimeSchema);
  state.runtime = { ...runtime, runUrl: run_url };
  return json(200, runtime);
};

/** Has the runtime do now what a schedule is due for. */
export const runSchedule: Control = async ({ runtime }, _httpClient, name) => {
  if (!runtime) {
    throw new ControlError(
      'schedule',
      'No runtime of the extension has said that it is there: start it with npm start',
    );
  }
  if (!runtime.schedules.includes(name)) {
    const known = runtime.schedules.join(', ') || 'none';
    throw new ControlError('schedule', `There is no schedule ${name}. There are: ${known}`);
  }
  try {
    const { status } = await fetch(runtime.runUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ schedule: name }),
      redirect: 'manual',
      signal: AbortSignal.timeout(10_000),
    });
    if (status < 300) return json(200, { schedule: name, sent: true });
    return json(502, { message: `The runtime answered ${status}` });
  } catch {
    return json(502, { message: 'The runtime does not answer any more' });
  }
};
