/**
 * The refresh protocol, small enough to try everything. Steps have the names of the code's; a conditional write is one
 * step. Times are ticks; one tick is a poll. The generation is left out: whatever moves it moves the version too.
 */

/** What a variant of the protocol leaves out. The product leaves out nothing. */
export interface Rules {
  /** Whose clock says that a lease is over: one's own, or everybody's wall clock, as the row would tell it. */
  readonly clock: 'own' | 'wall';
  /** `renew` asks for the version that the refresh began with. */
  readonly renewChecksVersion: boolean;
  /** `takeLease` asks for an installation that works. */
  readonly takeChecksStatus: boolean;
  /** A holder that was too slow to begin gives its lease back. */
  readonly startsInTime: boolean;
  /** A refused refresh is looked at again before the installation is marked. */
  readonly rereads: boolean;
}

export const asBuilt: Rules = {
  clock: 'own',
  renewChecksVersion: true,
  takeChecksStatus: true,
  startsInTime: true,
  rereads: true,
};

/** What may happen, and how often. */
export interface World {
  /** Where time may pass for a process that has something to do. `anywhere`: for the platform and messages too. */
  readonly slow: 'nowhere' | 'before-call' | 'anywhere';
  readonly crashes: number;
  /** Conditional writes that take effect and are reported as failed. */
  readonly lostAnswers: number;
  /** Definite failures of the platform, such as a 500. */
  readonly refusals: number;
  readonly expiries: number;
  readonly launches: number;
  /** Ticks by which each wall clock is ahead. */
  readonly skews: readonly [number, number, number];
}

export const leaseTicks = 3;
export const startWithinTicks = 0;
export const callTicks = 1;
const maxAttempts = 3;

type Step =
  | 'find'
  | 'wait'
  | 'takeLease'
  | 'start'
  | 'call'
  | 'renew'
  | 'reauthorize'
  | 'markReauthorize'
  | 'giveLeaseBack'
  | 'done'
  | 'dead';

interface Process {
  step: Step;
  seen: { version: number; attempt: number; token: number };
  watch: { version: number; attempt: number; ticks: number } | null;
  /** Since the lease was asked for; during a call, since that began. */
  ticks: number;
  isExcused: boolean;
  granted: number;
  waited: number;
}

interface Message {
  from: number;
  version: number;
  attempt: number;
  token: number;
  isExcused: boolean;
  ticks: number;
  answer: 'granted' | 'invalid_grant' | 'refused' | null;
}

export interface State {
  row: {
    version: number;
    attempt: number;
    holder: number | null;
    leaseTicks: number;
    status: 'installed' | 'reauthorize';
    token: number;
    isDue: boolean;
  };
  /** Refresh tokens are numbered as they are given; those before `first` belong to an older grant. */
  platform: { first: number; latest: number; isRevoked: boolean; plainlyUsed: number[] };
  processes: Process[];
  messages: Message[];
  left: { crashes: number; lostAnswers: number; refusals: number; expiries: number; launches: number };
  /** An answer of the platform died with the process that it was for. */
  wasLost: boolean;
}

export class Violation extends Error {}

const holds = (property: boolean, otherwise: string): void => {
  if (!property) throw new Violation(otherwise);
};

const asker: Process = {
  step: 'find',
  seen: { version: 0, attempt: 0, token: 0 },
  watch: null,
  ticks: 0,
  isExcused: false,
  granted: 0,
  waited: 0,
};

export function firstState({ crashes, lostAnswers, refusals, expiries, launches }: World): State {
  return {
    row: { version: 1, attempt: 0, holder: null, leaseTicks: 0, status: 'installed', token: 1, isDue: true },
    platform: { first: 1, latest: 1, isRevoked: false, plainlyUsed: [] },
    processes: [asker, asker, asker],
    messages: [],
    left: { crashes, lostAnswers, refusals, expiries, launches },
    wasLost: false,
  };
}

/** Goes back to reading, asks anew or ends, remembering nothing but what it watches. */
export function go(state: State, me: number, step: 'find' | 'wait' | 'done' | 'dead'): void {
  const { watch, waited } = state.processes[me]!;
  const isOver = step === 'done' || step === 'dead';
  state.processes[me] = { ...asker, step, watch: step === 'dead' ? null : watch, waited: isOver ? 0 : waited };
}

/** What a process does next, in its own code. `isReported`: whether it learns that its conditional write succeeded. */
export function act(state: State, me: number, rules: Rules, { skews }: World, isReported = true): void {
  const { row, messages } = state;
  const self = state.processes[me]!;
  const isSeen = row.version === self.seen.version;
  switch (self.step) {
    case 'find':
      if (row.status !== 'installed' || !row.isDue) return go(state, me, 'done');
      if (!isFree(state, self, me, rules, skews)) return go(state, me, 'wait');
      self.step = 'takeLease';
      self.seen = { version: row.version, attempt: row.attempt, token: row.token };
      return;
    case 'takeLease': {
      const isInstalled = row.status === 'installed';
      const mayTake = isSeen && row.attempt === self.seen.attempt && (isInstalled || !rules.takeChecksStatus);
      if (mayTake) {
        const isOver = row.holder === null || row.leaseTicks >= leaseTicks;
        self.isExcused = row.attempt > 0 && isInstalled && isOver;
        Object.assign(row, { attempt: row.attempt + 1, holder: me, leaseTicks: 0 });
      }
      if (!mayTake || !isReported) return go(state, me, 'find');
      self.step = 'start';
      return;
    }
    case 'start': {
      const attempt = self.seen.attempt + 1;
      if (rules.startsInTime && self.ticks > startWithinTicks) self.step = 'giveLeaseBack';
      else {
        messages.push({ ...self.seen, from: me, attempt, isExcused: self.isExcused, ticks: 0, answer: null });
        Object.assign(self, { step: 'call', ticks: 0 });
      }
      return;
    }
    case 'call':
      return go(state, me, 'find');
    case 'renew':
      if (!isSeen && rules.renewChecksVersion) return go(state, me, 'find');
      holds(self.granted > row.token, 'an answer overwrote a newer token');
      Object.assign(row, { version: row.version + 1, token: self.granted, attempt: 0 });
      Object.assign(row, { status: 'installed', holder: null, leaseTicks: 0, isDue: false });
      return go(state, me, isReported ? 'done' : 'find');
    case 'reauthorize':
      if (!isSeen && rules.rereads) return go(state, me, 'find');
      self.step = 'markReauthorize';
      return;
    case 'markReauthorize':
      if (isSeen && row.status === 'installed')
        Object.assign(row, { status: 'reauthorize', holder: null, leaseTicks: 0 });
      return go(state, me, 'find');
    case 'giveLeaseBack':
      if (isSeen && row.attempt === self.seen.attempt + 1) Object.assign(row, { holder: null, leaseTicks: 0 });
      return go(state, me, 'wait');
    case 'wait':
    case 'done':
    case 'dead':
  }
}

function isFree({ row }: State, self: Process, me: number, { clock }: Rules, skews: World['skews']): boolean {
  if (row.holder === null) return true;
  if (clock === 'wall') return row.leaseTicks + skews[me]! - skews[row.holder]! >= leaseTicks;
  if (self.watch?.version === row.version && self.watch.attempt === row.attempt) return self.watch.ticks >= leaseTicks;
  self.watch = { version: row.version, attempt: row.attempt, ticks: 0 };
  return false;
}

/** The platform takes a request: a used refresh token revokes its whole family. */
export function arrive({ platform, left }: State, message: Message, isRefused: boolean): void {
  const { token, isExcused } = message;
  if (isRefused) {
    left.refusals -= 1;
    message.answer = 'refused';
    return;
  }
  if (!isExcused) {
    holds(!platform.plainlyUsed.includes(token), 'the platform saw two refreshes of one version');
    platform.plainlyUsed.push(token);
  }
  if (token === platform.latest && !platform.isRevoked) {
    platform.latest += 1;
    message.answer = 'granted';
  } else {
    if (token >= platform.first) platform.isRevoked = true;
    message.answer = 'invalid_grant';
  }
  message.token = platform.latest;
}

/** An answer reaches whoever waits for it, or nobody. */
export function deliver(state: State, { from, version, attempt, answer, token }: Message): void {
  const self = state.processes[from]!;
  const isAwaited = self.step === 'call' && self.seen.version === version && self.seen.attempt + 1 === attempt;
  if (!isAwaited) {
    if (self.step === 'dead' && answer === 'granted') state.wasLost = true;
    return;
  }
  if (answer === 'granted') Object.assign(self, { step: 'renew', granted: token });
  else self.step = answer === 'refused' ? 'giveLeaseBack' : 'reauthorize';
}

export function isAttemptLeft({ row }: State): boolean {
  return row.attempt < maxAttempts;
}
