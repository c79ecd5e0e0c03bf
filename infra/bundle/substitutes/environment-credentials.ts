/**
 * Bundled in place of `@aws-sdk/credential-provider-node`: Lambda hands a role's credentials over in the environment,
 * so the other providers (profiles, SSO, web identity, container and instance metadata) are dead weight.
 */
export const defaultProvider = () => () => {
  const {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  } = process.env;
  return accessKeyId && secretAccessKey
    ? Promise.resolve({ accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) })
    : Promise.reject(
        new Error('AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set: the functions take no other credentials.'),
      );
};
