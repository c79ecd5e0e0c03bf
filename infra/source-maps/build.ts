/**
 * The name of the constant in the first line of a bundle that says which build it is: `functions/app/products.ts`, a space
 * and a digest of the code. A function writes it beside the frames of an error.
 */
export const buildName = '$build';

/** Beside the bundles, and beside the assembly: a source map for each build. */
export const sourceMapFolder = 'source-maps';

export interface Build {
  /** The entry file, from the project's directory. */
  readonly file: string;
  readonly digest: string;
}

/** @returns undefined where the text names no build. */
export function parseBuild(text: string): Build | undefined {
  const [, file, digest] = /^(\S.*) ([0-9a-f]{12})$/.exec(text) ?? [];
  return file === undefined || digest === undefined ? undefined : { file, digest };
}

/** The build of a bundle by its own first line. */
export function buildOf(code: string): Build | undefined {
  const [, text] = /^const [^\n]*\$build="([^"\n]+)"/.exec(code) ?? [];
  return text === undefined ? undefined : parseBuild(text);
}

/** Where the source map of a build is. @param directory of the assembly, or of the bundles. */
export function sourceMapPath(directory: string, { digest }: Pick<Build, 'digest'>): string {
  return `${directory}/${sourceMapFolder}/${digest}.map`;
}
