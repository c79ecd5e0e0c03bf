import type { LaunchHandler } from '../../shared/background/handlers.ts';

/** What `#launched` is outside of a bundle. Bundling puts the configuration's `hooks.launched` in its place. */
export const launched = undefined as LaunchHandler | undefined;
