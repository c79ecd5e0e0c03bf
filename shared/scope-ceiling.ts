/**
 * The configured scopes that the partner panel does not allow the extension: asking for them fails for everybody. `ceiling` is
 * what extension details name; `company/*` there covers a company's, `company/products` what lies below it.
 */
export function scopesBeyond(ceiling: readonly string[], configured: readonly string[]): string[] {
  return configured.filter(
    (scope) =>
      !ceiling.some((each) => scope === each || scope.startsWith(each.replace(/\*$/, '').replace(/\/?$/, '/'))),
  );
}
