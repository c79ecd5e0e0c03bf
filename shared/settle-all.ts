/**
 * What all of them resolve to. Where one rejects, the others are waited for before that is thrown: nothing runs on in an
 * instance that is frozen once it has answered.
 */
export async function settleAll<const Promises extends readonly Promise<unknown>[]>(
  promises: Promises,
): Promise<{ -readonly [Index in keyof Promises]: Awaited<Promises[Index]> }> {
  await Promise.allSettled(promises);
  return await Promise.all(promises);
}
