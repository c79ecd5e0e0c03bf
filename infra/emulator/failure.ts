/** What a person can act on: a sentence, and what a program said that failed. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly output: string | undefined;

  constructor(sentence: string, output?: string) {
    super(sentence);
    this.output = output;
  }
}

/** @throws {Failure} with the sentence, where something is not as it should be. */
export function check(truth: boolean, sentence: string, output?: string): asserts truth {
  if (!truth) throw new Failure(sentence, output);
}
