import {
  act,
  arrive,
  callTicks,
  deliver,
  firstState,
  go,
  isAttemptLeft,
  leaseTicks,
  type Rules,
  type State,
  startWithinTicks,
  Violation,
  type World,
} from './model.ts';

export interface Finding {
  readonly states: number;
  /** What does not hold, and the shortest way there. */
  readonly violation: { readonly property: string; readonly trace: readonly string[] } | undefined;
}

/** Tries everything that can happen, breadth first, until something happens that must not. */
export function explore(rules: Rules, world: World): Finding {
  const first = JSON.stringify(firstState(world));
  const origins = new Map<string, { from: string | undefined; by: string }>([
    [first, { from: undefined, by: 'start' }],
  ]);
  const fail = (property: string, at: string, last?: string): Finding => {
    const trace = last === undefined ? [] : [last];
    for (let key: string | undefined = at; key !== undefined; key = origins.get(key)?.from) {
      trace.unshift(origins.get(key)?.by ?? '');
    }
    return { states: origins.size, violation: { property, trace } };
  };
  // A map is walked in the order in which it grows.
  for (const key of origins.keys()) {
    const state = JSON.parse(key) as State;
    const moves = movesOf(state, rules, world);
    const wrong = wrongIn(state, world, moves.length === 0);
    if (wrong !== undefined) return fail(wrong, key);
    if (mayTick(state, world)) moves.push({ name: 'tick', change: (next) => tick(next, world.slow === 'nowhere') });
    for (const { name, change } of moves) {
      const next = JSON.parse(key) as State;
      try {
        change(next);
      } catch (error) {
        if (error instanceof Violation) return fail(error.message, key, name);
        throw error;
      }
      forget(next);
      const nextKey = JSON.stringify(next);
      if (!origins.has(nextKey)) origins.set(nextKey, { from: key, by: name });
    }
  }
  return { states: origins.size, violation: undefined };
}

/** An attempt that is over is never seen again, so that what was seen of it makes no difference. */
function forget({ row, processes }: State): void {
  for (const self of processes) {
    if (self.watch?.version !== row.version || self.watch.attempt !== row.attempt) self.watch = null;
  }
}

interface Move {
  readonly name: string;
  readonly change: (state: State) => void;
}

function movesOf(state: State, rules: Rules, world: World): Move[] {
  const { row, left, processes, messages } = state;
  const moves: Move[] = [];
  const add = (name: string, change: Move['change']) => void moves.push({ name, change });
  for (const [me, { step, ticks }] of processes.entries()) {
    const isWrite = step === 'takeLease' || step === 'renew';
    const isTimeout = step === 'call' && ticks >= callTicks && world.slow === 'anywhere';
    const isIdle = step === 'wait' || step === 'dead' || step === 'done' || step === 'call';
    if ((!isIdle || isTimeout) && (step !== 'takeLease' || isAttemptLeft(state))) {
      add(`${me} ${step}${isTimeout ? ' times out' : ''}`, (next) => act(next, me, rules, world));
    }
    if (isWrite && left.lostAnswers > 0 && isAttemptLeft(state)) {
      add(`${me} ${step}, and does not learn of it`, (next) => {
        next.left.lostAnswers -= 1;
        act(next, me, rules, world, false);
      });
    }
    if (step === 'done' && row.isDue && row.status === 'installed') {
      add(`${me} asks`, (next) => go(next, me, 'find'));
    }
    if (step !== 'dead' && step !== 'done' && left.crashes > 0) add(`${me} dies in ${step}`, (next) => crash(next, me));
  }
  for (const [index, { from, answer }] of messages.entries()) {
    if (answer !== null) {
      add(`${from} is answered ${answer}`, (next) => deliver(next, next.messages.splice(index, 1)[0]!));
      continue;
    }
    add(`the platform takes the request of ${from}`, (next) => arrive(next, next.messages[index]!, false));
    if (left.refusals > 0) add(`the platform refuses ${from}`, (next) => arrive(next, next.messages[index]!, true));
  }
  if (left.expiries > 0 && !row.isDue) {
    add('the token becomes due', (next) => {
      next.left.expiries -= 1;
      next.row.isDue = true;
    });
  }
  if (left.launches > 0 && row.status === 'reauthorize') add('somebody opens the extension', launch);
  return moves;
}

function crash(state: State, me: number): void {
  if (state.processes[me]!.step === 'renew') state.wasLost = true;
  go(state, me, 'dead');
  state.left.crashes -= 1;
}

/** A new grant of the platform, and `Installations.save`. */
function launch({ platform, row, left }: State): void {
  left.launches -= 1;
  platform.latest += 1;
  Object.assign(platform, { first: platform.latest, isRevoked: false });
  Object.assign(row, { version: row.version + 1, token: platform.latest, status: 'installed', isDue: false });
}

/** Time waits for those who act at once, and for messages that are as quick as the call's timeout says. */
function mayTick({ processes, messages }: State, { slow }: World): boolean {
  if (slow === 'anywhere') return true;
  const mayLinger: string[] = ['wait', 'call', 'done', 'dead'];
  if (slow === 'before-call') mayLinger.push('find', 'takeLease', 'start', 'giveLeaseBack');
  return processes.every(({ step }) => mayLinger.includes(step)) && messages.every(({ ticks }) => ticks < callTicks);
}

function tick({ row, processes, messages }: State, isTimed: boolean): void {
  const later = (ticks: number) => Math.min(ticks + 1, leaseTicks);
  if (row.holder !== null) row.leaseTicks = later(row.leaseTicks);
  for (const message of messages) message.ticks = Math.min(message.ticks + 1, callTicks);
  for (const self of processes) {
    if (self.step === 'takeLease' || self.step === 'start') self.ticks = Math.min(self.ticks + 1, startWithinTicks + 1);
    if (self.step === 'call') self.ticks = Math.min(self.ticks + 1, callTicks);
    if (self.watch !== null) self.watch.ticks = later(self.watch.ticks);
    if (isTimed && self.step !== 'done' && self.step !== 'dead') self.waited += 1;
    if (self.step === 'wait') self.step = 'find';
  }
}

/** What must hold in every state; `isAtRest`: nothing but time can pass. */
function wrongIn(state: State, world: World, isAtRest: boolean): string | undefined {
  const { row, platform, processes, wasLost } = state;
  if (world.slow === 'anywhere') return undefined;
  if ((platform.isRevoked || row.status === 'reauthorize') && !wasLost) return 'a grant was lost';
  if (world.slow === 'before-call') return undefined;
  const failures = world.crashes - state.left.crashes + world.lostAnswers - state.left.lostAnswers;
  const mostTicks = (1 + world.refusals - state.left.refusals) * (callTicks + 1) + failures * (leaseTicks + 1);
  if (processes.some(({ waited }) => waited > mostTicks))
    return 'somebody waited for longer than a lease for each crash';
  const isAlive = processes.some(({ step }) => step !== 'dead');
  if (!isAtRest || !isAlive || world.launches > 0 || processes.some(({ step }) => step === 'wait')) return undefined;
  const isWhole = row.status === 'installed' && row.token === platform.latest && !platform.isRevoked;
  if (wasLost) return row.status === 'reauthorize' ? undefined : 'a lost grant was not noticed';
  return isWhole ? undefined : 'what is stored is not what the platform gave last';
}
