/**
 * Says what begins, every few seconds that it is still under way, and how long it took where that was longer than a second:
 * nobody wonders whether something hangs.
 */
export async function tellProgress<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
  const startedAtMs = performance.now();
  const seconds = () => ((performance.now() - startedAtMs) / 1000).toFixed(1);
  console.log(`${what} …`);
  const timer = setInterval(() => console.log(`  … still at it after ${seconds()} s`), 5_000);
  try {
    const result = await work();
    if (performance.now() - startedAtMs > 1_000) console.log(`  done in ${seconds()} s`);
    return result;
  } finally {
    clearInterval(timer);
  }
}
