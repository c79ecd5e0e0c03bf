import type { PageFile } from '../../shared/contract.ts';

/** What `#page` is outside of a bundle: there is no front end. Bundling puts the files of the configuration's `page` in its place. */
export const files: Readonly<Record<string, PageFile>> = {};
/** Where these files lie. */
export const folder: string = '';
