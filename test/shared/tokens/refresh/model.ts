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
  /** `takeLease` asks for the attempt that was seen. */
  readonly takeChecksAttempt: boolean;
  /** `takeLease` asks for an installation that works. */
  readonly takeChecksStatus: boolean;
  /** A holder that was too slow to begin gives its lease back. */
  readonly startsInTime: boolean;
  /** `markReauthorize` asks for the version that was refused. */
  readonly markChecksVersion: boolean;
}

export const asBuilt: Rules = {
  clock: 'own',
  renewChecksVersion: true,
  takeChecksAttempt: true,
  takeChecksStatus: true,
  startsInTime: true,
  markChecksVersion: true,
};

/** What may happen, and how often. */
export interface World {
  /** Where time may pass for a process that has something to do. `anywhere`: for the platform and messages too. */
  readonly slow: 'nowhere' | 'before-call' | 'anywhere';
  /** Whether a refresh token that is used again revokes all that came of it. */
  readonly reuseRevokes: boolean;
  readonly crashes: number;
  /** Conditional writes that take effect and are reported as failed. */
  readonly lostAnswers: number;
  /** Definite failures of the platform, such as a 500. */
  readonly refusals: number;
  readonly expiries: number;
  readonly launches: number;
  /** How often the lease of one version is taken at most: processes that are slow anywhere would go on for ever. */
  readonly takes: number;
  /** Ticks by which each wall clock is ahead. */
  readonly skews: readonly [number, number, number];
}

export const leaseTicks = 2;
export const startWithinTicks = 0;
export const callTicks = 1;

type Step =
  | 'find'
  | 'wait'
  | 'takeLease'
  | 'start'
  | 'call'
  | 'renew'
  | 'markReauthorize'
  | 'giveLeaseBack'
  | 'done'
  | 'dead';

export interface Process {
  step: Step;
  seen: { version: number; attempt: number; token: number };
  watch: { version: number; attempt: number; ticks: number } | null;
  /** Since the lease was asked for; during a call, since that began. */
  ticks: number;
  isExcused: boolean;
  granted: number;
  waited: number;
  /** By how much its wall clock is ahead. */
  skew: number;
  /** Its requests that are on their way, or the answers to them. */
  messages: Message[];
}

interface Message {
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
    isLeased: boolean;
    leaseTicks: number;
    holderSkew: number;
    status: 'installed' | 'reauthorize';
    token: number;
    isDue: boolean;
  };
  /** Refresh tokens are numbered as they are given; those before `first` belong to an older grant. */
  platform: { first: number; latest: number; isRevoked: boolean; plainlyUsed: number[] };
  processes: Process[];
  left: { crashes: number; lostAnswers: number; refusals: number; expiries: number; launches: number };
  /** An answer of the platform died with the process that it was for. */
  wasLost: boolean;
}

export class Violation extends Error {}

const holds = (property: boolean, otherwise: string): void => {
  if (!property) throw new Violation(otherwise);
};

const asker = { seen: { version: 0, attempt: 0, token: 0 }, ticks: 0, isExcused: false, granted: 0 };

export function firstState({ skews, crashes, lostAnswers, refusals, expiries, launches }: World): State {
  const notLeased = { isLeased: false, leaseTicks: 0, holderSkew: 0 };
  return {
    row: { version: 1, attempt: 0, ...notLeased, status: 'installed', token: 1, isDue: true },
    platform: { first: 1, latest: 1, isRevoked: false, plainlyUsed: [] },
    processes: skews.map((skew) => ({ ...asker, step: 'find', watch: null, waited: 0, skew, messages: [] })),
    left: { crashes, lostAnswers, refusals, expiries, launches },
    wasLost: false,
  };
}

/** Goes back to reading, remembering nothing but what it watches. */
export function go(self: Process, step: 'find' | 'wait' | 'done'): void {
  Object.assign(self, asker, { step, waited: step === 'done' ? 0 : self.waited });
}

/** What a process does next, in its own code. `isReported`: whether it learns that its conditional write succeeded. */
export function act(state: State, self: Process, rules: Rules, isReported = true): void {
  const { row } = state;
  const isSeen = row.version === self.seen.version;
  switch (self.step) {
    case 'find':
      if (row.status !== 'installed' || !row.isDue) return go(self, 'done');
      if (!isFree(state, self, rules)) return go(self, 'wait');
      self.step = 'takeLease';
      self.seen = { version: row.version, attempt: row.attempt, token: row.token };
      return;
    case 'takeLease': {
      const isInstalled = row.status === 'installed';
      const mayTake =
        isSeen &&
        (row.attempt === self.seen.attempt || !rules.takeChecksAttempt) &&
        (isInstalled || !rules.takeChecksStatus);
      if (mayTake) {
        const isOver = !row.isLeased || row.leaseTicks >= leaseTicks;
        self.isExcused = row.attempt > 0 && isInstalled && isOver;
        Object.assign(row, { attempt: row.attempt + 1, isLeased: true, leaseTicks: 0, holderSkew: self.skew });
      }
      if (!mayTake || !isReported) return go(self, 'find');
      self.step = 'start';
      return;
    }
    case 'start': {
      const attempt = self.seen.attempt + 1;
      if (rules.startsInTime && self.ticks > startWithinTicks) self.step = 'giveLeaseBack';
      else {
        self.messages.push({ ...self.seen, attempt, isExcused: self.isExcused, ticks: 0, answer: null });
        Object.assign(self, { step: 'call', ticks: 0 });
      }
      return;
    }
    case 'call':
      return go(self, 'find');
    case 'renew':
      if (!isSeen && rules.renewChecksVersion) return go(self, 'find');
      holds(self.granted > row.token, 'an answer overwrote a newer token');
      Object.assign(row, { version: row.version + 1, token: self.granted, attempt: 0 });
      Object.assign(row, { status: 'installed', isLeased: false, isDue: false });
      return go(self, isReported ? 'done' : 'find');
    case 'markReauthorize':
      if ((isSeen || !rules.markChecksVersion) && row.status === 'installed') {
        Object.assign(row, { status: 'reauthorize', isLeased: false });
      }
      return go(self, 'find');
    case 'giveLeaseBack':
      if (isSeen && row.attempt === self.seen.attempt + 1) row.isLeased = false;
      return go(self, 'wait');
    case 'wait':
    case 'done':
    case 'dead':
  }
}

function isFree({ row }: State, self: Process, { clock }: Rules): boolean {
  if (!row.isLeased) return true;
  if (clock === 'wall') return row.leaseTicks + self.skew - row.holderSkew >= leaseTicks;
  if (self.watch?.version === row.version && self.watch.attempt === row.attempt) return self.watch.ticks >= leaseTicks;
  self.watch = { version: row.version, attempt: row.attempt, ticks: 0 };
  return false;
}

/** The platform takes a request: a refresh token works once. */
export function arrive({ platform, left }: State, message: Message, isRefused: boolean, { reuseRevokes }: World): void {
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
    if (token >= platform.first && reuseRevokes) platform.isRevoked = true;
    message.answer = 'invalid_grant';
  }
  message.token = platform.latest;
}

/** An answer reaches its process where that still waits for it. */
export function deliver(state: State, self: Process, { version, attempt, answer, token }: Message): void {
  const isAwaited = self.step === 'call' && self.seen.version === version && self.seen.attempt + 1 === attempt;
  if (!isAwaited) {
    if (self.step === 'dead' && answer === 'granted') state.wasLost = true;
    return;
  }
  if (answer === 'granted') Object.assign(self, { step: 'renew', granted: token });
  else self.step = answer === 'refused' ? 'giveLeaseBack' : 'markReauthorize';
}

export function crash(state: State, self: Process): void {
  if (self.step === 'renew') state.wasLost = true;
  Object.assign(self, asker, { step: 'dead', watch: null, waited: 0 });
  state.left.crashes -= 1;
}

/** Somebody opens the extension: a new grant of the platform, and `Installations.save`. */
export function launch({ platform, row, left }: State): void {
  left.launches -= 1;
  platform.latest += 1;
  Object.assign(platform, { first: platform.latest, isRevoked: false });
  Object.assign(row, { version: row.version + 1, token: platform.latest, status: 'installed', isDue: false });
}
