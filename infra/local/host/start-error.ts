/** Something that the person at the terminal can mend: the message is the whole sentence, and no stack is shown. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
