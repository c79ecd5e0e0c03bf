import extension from '../extension/extension.config.ts';

/** The next version of the extension: what the test of an update deploys over the first. */
export default { ...extension, cache: { ...extension.cache, defaultTtlSeconds: 7 } };
