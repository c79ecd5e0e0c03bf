/** Characters that never belong into a path: C0 controls and DEL. Browsers drop some of them, which changes the meaning. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
export const controlCharacters = /[\u0000-\u001f\u007f]/g;

export function hasControlCharacter(text: string): boolean {
  return text.search(controlCharacters) >= 0;
}
