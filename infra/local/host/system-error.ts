/** What the system refuses, by its own codes or, where a library hands on only words, by those. */
const refusals: readonly (readonly [says: RegExp, reason: string])[] = [
  [/\bENOSPC\b|No space left on device/, 'the disk is full: make room on it'],
  [/\bEDQUOT\b|Disk quota exceeded/, 'your share of the disk is used up: make room in it'],
  [/\bE[MN]FILE\b|Too many open files/, 'too many files are open: raise the limit, for instance with ulimit -n 4096'],
  [/\bEFBIG\b|File too large/, 'a file may not grow any more: raise the limit (ulimit -f)'],
  [
    /\b(EACCES|EPERM|EROFS)\b|Permission denied|Read-only file system/,
    'it may not be used by you: change its permissions, or set LOCAL_DATA_DIR to another folder',
  ],
  [/\bEISDIR\b|Is a directory/, 'it is a folder: move it away'],
  [/\bEIO\b|Input\/output error/, 'the disk fails: copy what you need from it'],
];

/** Why the system refused and what helps, for the end of a sentence; undefined where it was not the system. */
export function systemReason(error: unknown): string | undefined {
  for (let current = error; current instanceof Error; current = current.cause) {
    const said = `${(current as NodeJS.ErrnoException).code ?? ''} ${current.message}`;
    const refusal = refusals.find(([says]) => says.test(said));
    if (refusal) return refusal[1];
  }
  return undefined;
}

/** What to tell of an error that no line of ours expected: the system's refusals are a sentence, all else is shown whole. */
export function describeError(error: unknown): unknown {
  const reason = systemReason(error);
  if (reason === undefined) return error;
  const { path } = error as NodeJS.ErrnoException;
  return `${path ?? 'A file'} cannot be used, since ${reason}.`;
}
