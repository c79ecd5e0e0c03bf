/** Text for HTML, in content and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** What our pages say, beside the problems in shared/problems.ts. */
export const pageTexts = {
  tryAgain: 'Try again',
  request: 'Request',
  signingIn: 'Signing in',
  allowScripts: 'Allow scripts for this page, and open the extension again.',
  noCookies: 'Does your browser keep no cookies inside the admin panel? Then sign in outside of it:',
  openWindow: 'Open in a new window',
  signedIn: 'You are signed in. You can close this window.',
} as const;

/** The look that the extension's pages share. */
export const pageStyle = `
  :root { color-scheme: light dark; --accent: #2e31be; --muted: #6b7280; --line: #8884; --card: #8881; --warn: #b45309; --bad: #b91c1c; }
  @media (prefers-color-scheme: dark) { :root { --accent: #9ea0ff; --muted: #9ca3af; --warn: #fbbf24; --bad: #f87171; } }
  * { box-sizing: border-box; }
  body { margin: 0 auto; max-width: 64rem; padding: 1.5rem; font: 16px/1.5 system-ui, sans-serif; }
  h1 { font-size: 1.5rem; line-height: 1.2; margin: 0 0 .25rem; text-wrap: balance; }
  h2 { font-size: 1.05rem; margin: 0; }
  p { margin: .5rem 0; }
  a, button { font: inherit; }
  .muted { color: var(--muted); }
  .small { font-size: .85rem; }
  .button { display: inline-block; border: 1px solid var(--accent); border-radius: .5rem; padding: .35rem .9rem; background: none; color: var(--accent); cursor: pointer; text-decoration: none; }
  .button:hover { background: var(--card); }
  .button:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
`;
