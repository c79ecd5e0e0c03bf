import { describe, expect, test } from 'vitest';
import { explore } from './explore.ts';
import { asBuilt, type Rules, type World } from './model.ts';

/** Three processes that act at once and a platform that answers in time; the token becomes due twice. */
const calm: World = {
  slow: 'nowhere',
  reuseRevokes: true,
  crashes: 0,
  lostAnswers: 0,
  refusals: 0,
  expiries: 1,
  launches: 0,
  takes: 9,
  skews: [0, 0, 0],
};

describe('in everything that three processes can do', () => {
  const worlds: [string, Partial<World>][] = [
    [
      'nobody fails and the platform refuses once: each version is refreshed once, and no grant is lost',
      { refusals: 1 },
    ],
    ['wall clocks that differ by more than a lease make no difference', { skews: [0, 0, 4] }],
    ['a process may take any time before its call: no grant is lost', { slow: 'before-call', takes: 3 }],
    [
      'all three die, at any step: a grant is lost only with an answer, which is noticed; each costs a lease at most',
      { crashes: 3, lostAnswers: 1, refusals: 1, expiries: 0 },
    ],
    ['two die, and a write is not learned of, across two versions: the same', { crashes: 2, lostAnswers: 1 }],
    [
      'one dies and the others take any time before their calls: no other grant is lost',
      { slow: 'before-call', crashes: 1, lostAnswers: 1, expiries: 0, takes: 3 },
    ],
    [
      'processes and messages are late, one dies, and a launch mends: no newer token is overwritten, and nobody asks twice before a lease is over',
      { slow: 'anywhere', crashes: 1, expiries: 0, launches: 1, takes: 2 },
    ],
    [
      'the same where a used refresh token is refused and nothing is revoked: no grant that works is given up',
      { slow: 'anywhere', reuseRevokes: false, expiries: 0, launches: 1, takes: 2 },
    ],
  ];
  test.each(worlds)('%s', (_title, world) => {
    const { states, violation } = explore(asBuilt, { ...calm, ...world });
    expect(violation).toBeUndefined();
    expect(states).toBeGreaterThan(1_000);
  });
});

describe('the search finds the flaw of a protocol', () => {
  const late: Partial<World> = { slow: 'anywhere', expiries: 0, takes: 2 };
  const flaws: [string, Partial<Rules>, Partial<World>, string, string[]][] = [
    [
      'that compares wall clocks, as soon as they differ',
      { clock: 'wall' },
      { skews: [0, 0, 4] },
      'the platform saw two refreshes of one version',
      ['takeLease', 'start', 'the platform refreshes', 'takeLease', 'start', 'the platform refreshes'],
    ],
    [
      'that takes a lease without a look at the attempt',
      { takeChecksAttempt: false },
      {},
      'the platform saw two refreshes of one version',
      ['takeLease', 'start', 'the platform refreshes', 'takeLease', 'start', 'the platform refreshes'],
    ],
    [
      'that begins its call however late it is',
      { startsInTime: false },
      { slow: 'before-call' },
      'a grant was lost',
      ['takeLease', 'tick', 'start', 'the platform refreshes', 'takeLease', 'start', 'the platform refreshes'],
    ],
    [
      'that writes an answer over whatever is there',
      { renewChecksVersion: false },
      { ...late, launches: 1 },
      'an answer overwrote a newer token',
      ['is answered granted', 'markReauthorize', 'somebody opens the extension', 'renew'],
    ],
    [
      'that marks whatever is there',
      { markChecksVersion: false },
      { ...late, reuseRevokes: false },
      'a grant that works was given up',
      ['is answered granted', 'renew', 'is answered invalid_grant', 'markReauthorize'],
    ],
    [
      'that refreshes a grant which was given up',
      { takeChecksStatus: false },
      { ...late, takes: 3 },
      'the platform saw two refreshes of one version',
      ['is answered invalid_grant', 'markReauthorize', 'takeLease', 'start', 'the platform refreshes'],
    ],
  ];
  test.each(flaws)('%s', (_title, rules, world, property, steps) => {
    const { violation } = explore({ ...asBuilt, ...rules }, { ...calm, ...world });
    expect(violation?.property).toBe(property);
    expect(inOrder(violation?.trace ?? [], steps)).toEqual(steps);
  });

  test('and none in wall clocks that agree: the fault is in the skew', () => {
    expect(explore({ ...asBuilt, clock: 'wall' }, { ...calm, crashes: 1 }).violation).toBeUndefined();
  });
});

/** Those of the steps that the trace goes through, one after the other. */
function inOrder(trace: readonly string[], steps: readonly string[]): string[] {
  let at = 0;
  return steps.filter((step) => {
    const found = trace.indexOf(step, at);
    if (found >= 0) at = found + 1;
    return found >= 0;
  });
}
