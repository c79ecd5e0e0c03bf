import { timingSafeEqual } from 'node:crypto';

/** Whether two texts are the same, in a time that tells nothing of either but its length. */
export function equalInConstantTime(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.byteLength === b.byteLength && timingSafeEqual(a, b);
}
