/** What was found against a rule: a sentence, and where to look. */
export interface Violation {
  readonly what: string;
  readonly company?: string;
  readonly at?: number;
}

export interface Rule {
  /** What must hold. */
  readonly claim: string;
  readonly violations: readonly Violation[];
}

export function byCompany<T extends { readonly company: string }>(all: readonly T[]): Map<string, T[]> {
  return Map.groupBy(all, ({ company }) => company);
}
