/** `slackUrl` → `SLACK_URL`: how the environment and `.env` name a setting or a secret of the author's. */
export function variableOf(name: string): string {
  return name.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '_').toUpperCase();
}

/** `slackUrl` → `OWN_SECRET_SLACK_URL`: the variable that names the secret to a function that may read it. */
export function secretIdVariableOf(name: string): string {
  return `${secretIdPrefix}${variableOf(name)}`;
}

/** `slackUrl` → `OwnSecretSlackUrl`: the output of the stack that holds the secret's id. */
export function secretOutputOf(name: string): string {
  return `OwnSecret${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

export const secretIdPrefix = 'OWN_SECRET_';

/** Variables that are the template's, Node's, npm's, AWS's or the shell's. */
export const reservedVariables =
  /^((AWS|CDK|EXTENSION|FDK|FLOW|FP|LAMBDA|LOCAL|NODE|NPM|OWN|PLATFORM|VITEST|XDG|LC|SSH|GIT)(_.*)?|API_KEY|API_SECRET|BACKEND_PORT|BASE_URL|BENCH|CI|COLORTERM|DEBUG|DISPLAY|EDITOR|FORCE_COLOR|FRONTEND_PORT|HOME|HOST|HOSTNAME|HTTPS?(_PROXY)?|LANG|LANGUAGE|LOGNAME|MAIL|NAME|NO_COLOR|NO_PROXY|OLDPWD|OS|PAGER|PATH|PORT|PS1|PWD|SHELL|SHLVL|TEMP|TERM|TMP|TMPDIR|TZ|USER|USERNAME|VISUAL)$/;
