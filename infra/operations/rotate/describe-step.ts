import type { Standing, Step } from './rotate-key.ts';

/**
 * A step in sentences: what was done, where that leads, and what comes next, from when.
 * @param same what leads the next command to the same extension, as ` --stage prod`.
 */
export function describeStep({ standing, did, notYet }: Step, same: string): string {
  return [did, notYet, describeStanding(standing, same)].filter((sentence) => sentence !== undefined).join('\n');
}

export function describeStanding(standing: Standing, same: string, now = new Date()): string {
  const { key, phase, sinceMs, nextFromMs = 0, nextVersionId, tokens, companies } = standing;
  const command = (verb: string) => `npm run rotate -- ${key} ${verb}${same}`;
  const next = command('next');
  const when = nextFromMs > now.getTime() ? `from ${at(nextFromMs)}, ${inWords(nextFromMs - now.getTime())}` : 'now';
  const lines = {
    at_rest: [`${key}: one value counts, put ${at(sinceMs)}. For another one: ${command('begin')}`],
    announced: [
      `${key}: another value is announced since ${at(sinceMs)}.`,
      key === 'edge'
        ? `Next, ${when}: npm run deploy -- -c edgeKeyVersion=${nextVersionId}${same}, and after that: ${next}`
        : `Next, ${when}: ${next}, which uses it. To drop it: ${command('abort')}`,
    ],
    in_use: [
      `${key}: another value is in use since ${at(sinceMs)}, and the one before it still counts.`,
      `Next, ${when}: ${next}, which ends the one before. To go back: ${command('abort')}`,
    ],
  }[phase];
  if (tokens !== undefined) {
    const { withCurrent, withPrevious, withUnknown } = tokens;
    lines.push(
      `Stored tokens: ${withCurrent} sealed with the key in use, ${withPrevious} with the one before${withUnknown > 0 ? `, ${withUnknown} with none of them: the next launch grants those again` : ''}.`,
    );
  }
  if (companies !== undefined) {
    const { underCurrent, behind, withoutGrant } = companies;
    lines.push(
      `Companies: ${underCurrent} registered under the key in use, ${behind} not yet${withoutGrant > 0 ? `, ${withoutGrant} whose grant does not work, or that are blocked: they are registered later` : ''}.`,
    );
  }
  return lines.join('\n  ');
}

function at(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

function inWords(milliseconds: number): string {
  const minutes = Math.ceil(milliseconds / 60_000);
  return minutes < 120 ? `in ${minutes} minutes` : `in ${Math.ceil(minutes / 60)} hours`;
}
