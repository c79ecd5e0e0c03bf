/** One of the things that a header such as `Accept` names, lower-case, with how much it is wanted. */
export interface WeightedRange {
  readonly name: string;
  /** 0 to 1; 0 is not wanted. */
  readonly quality: number;
}

/** What a header such as `Accept` names, in its order, with quality values (RFC 9110 §12.4.2). Absent: nothing. */
export function weightedRanges(header = ''): WeightedRange[] {
  return header.split(',').map(parseRange);
}

function parseRange(text: string): WeightedRange {
  const [name = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const weight = parameters.find((each) => each.startsWith('q='))?.slice(2) ?? '1';
  // A weight that is none makes the range one that nobody asked for.
  return { name, quality: /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(weight) ? Number(weight) : 0 };
}
