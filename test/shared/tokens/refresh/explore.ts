import {
  act,
  arrive,
  callTicks,
  crash,
  deliver,
  firstState,
  go,
  launch,
  leaseTicks,
  type Process,
  type Rules,
  type State,
  startWithinTicks,
  Violation,
  type World,
} from './model.ts';

interface Finding {
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
    if (mayTick(state, world)) moves.push({ name: 'tick', change: (next) => tick(next, world) });
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

interface Move {
  readonly name: string;
  readonly change: (state: State) => void;
}

function movesOf(state: State, rules: Rules, world: World): Move[] {
  const { row, left, processes } = state;
  const moves: Move[] = [];
  const add = (name: string, change: Move['change']) => void moves.push({ name, change });
  for (const [me, { step, ticks, messages }] of processes.entries()) {
    /** Adds a change of this process, wherever it is by then. */
    const addOwn = (name: string, change: (self: Process, next: State) => void) =>
      add(name, (next) => change(next.processes[me]!, next));
    const isTimeout = step === 'call' && ticks >= callTicks && world.slow === 'anywhere';
    const isIdle = step === 'wait' || step === 'dead' || step === 'done' || step === 'call';
    const mayAct = step !== 'takeLease' || row.attempt < world.takes;
    if ((!isIdle || isTimeout) && mayAct) {
      addOwn(isTimeout ? 'call times out' : step, (self, next) => act(next, self, rules));
    }
    if ((step === 'takeLease' || step === 'renew') && left.lostAnswers > 0 && mayAct) {
      addOwn(`${step}, and does not learn of it`, (self, next) => {
        next.left.lostAnswers -= 1;
        act(next, self, rules, false);
      });
    }
    if (step === 'done' && row.isDue && row.status === 'installed') addOwn('asks again', (self) => go(self, 'find'));
    if (step !== 'dead' && step !== 'done' && left.crashes > 0) {
      addOwn(`dies in ${step}`, (self, next) => crash(next, self));
    }
    for (const [index, { answer }] of messages.entries()) {
      if (answer !== null) {
        addOwn(`is answered ${answer}`, (self, next) => deliver(next, self, self.messages.splice(index, 1)[0]!));
        continue;
      }
      addOwn('the platform refreshes', (self, next) => arrive(next, self.messages[index]!, false, world));
      if (left.refusals > 0) {
        addOwn('the platform fails', (self, next) => arrive(next, self.messages[index]!, true, world));
      }
    }
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

/** Time waits for those who act at once, and for messages that are as quick as the call's timeout says. */
function mayTick({ processes }: State, { slow }: World): boolean {
  if (slow === 'anywhere') return true;
  const mayLinger: string[] = ['wait', 'call', 'done', 'dead'];
  if (slow === 'before-call') mayLinger.push('find', 'takeLease', 'start', 'giveLeaseBack');
  return processes.every(
    ({ step, messages }) => mayLinger.includes(step) && messages.every(({ ticks }) => ticks < callTicks),
  );
}

function tick({ row, processes }: State, { slow }: World): void {
  row.leaseTicks = Math.min(row.leaseTicks + 1, leaseTicks);
  for (const self of processes) {
    if (slow !== 'anywhere') for (const message of self.messages) message.ticks += 1;
    if (self.step === 'takeLease' || self.step === 'start') self.ticks = Math.min(self.ticks + 1, startWithinTicks + 1);
    if (self.step === 'call') self.ticks = Math.min(self.ticks + 1, callTicks);
    if (self.watch !== null) self.watch.ticks = Math.min(self.watch.ticks + 1, leaseTicks);
    if (slow === 'nowhere' && self.step !== 'done' && self.step !== 'dead') self.waited += 1;
    if (self.step === 'wait') self.step = 'find';
  }
}

/** Leaves out what makes no difference: an attempt that is over is never seen again, and processes have no names. */
function forget({ row, processes }: State): void {
  if (!row.isLeased) Object.assign(row, { leaseTicks: 0, holderSkew: 0 });
  for (const self of processes) {
    if (self.watch?.version !== row.version || self.watch.attempt !== row.attempt) self.watch = null;
  }
  const texts = new Map(processes.map((self) => [self, JSON.stringify(self)]));
  processes.sort((a, b) => ((texts.get(a) ?? '') < (texts.get(b) ?? '') ? -1 : 1));
}

/** What must hold in every state; `isAtRest`: nothing but time can pass. */
function wrongIn(state: State, world: World, isAtRest: boolean): string | undefined {
  const { row, platform, processes, wasLost } = state;
  const isWhole = row.token === platform.latest && !platform.isRevoked;
  if (row.status === 'reauthorize' && isWhole) return 'a grant that works was given up';
  if (world.slow === 'anywhere') return undefined;
  if ((platform.isRevoked || row.status === 'reauthorize') && !wasLost) return 'a grant was lost';
  if (world.slow === 'before-call') return undefined;
  const { left } = state;
  const calls = 1 + world.refusals - left.refusals + world.expiries - left.expiries;
  const failures = world.crashes - left.crashes + world.lostAnswers - left.lostAnswers;
  const mostTicks = calls * (callTicks + 1) + failures * (leaseTicks + 1);
  if (processes.some(({ waited }) => waited > mostTicks))
    return 'somebody waited for longer than a lease for each crash';
  const isAlive = processes.some(({ step }) => step !== 'dead');
  if (!isAtRest || !isAlive || world.launches > 0 || processes.some(({ step }) => step === 'wait')) return undefined;
  if (wasLost) return row.status === 'reauthorize' ? undefined : 'a lost grant was not noticed';
  return isWhole && row.status === 'installed' ? undefined : 'what is stored is not what the platform gave last';
}
