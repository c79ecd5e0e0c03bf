/** Text for HTML, in content and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** The look that our pages share. Devanagari is taller than Latin letters, and smaller at the same size. */
export const pageStyle = `
  :root { color-scheme: light dark; --accent: #2e31be; --muted: #6b7280; --line: #8884; }
  @media (prefers-color-scheme: dark) { :root { --accent: #9ea0ff; --muted: #9ca3af; } }
  * { box-sizing: border-box; }
  body { margin: 0; padding: 1.5rem; background: Canvas; color: CanvasText; font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
  main { max-width: 36rem; margin: 8vh auto 0; padding: clamp(1.25rem, 5vw, 2rem); border: 1px solid var(--line); border-radius: 1rem; }
  h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .75rem; text-wrap: balance; }
  p { margin: .5rem 0; }
  a { color: var(--accent); }
  .muted { color: var(--muted); }
  .small { font-size: .875rem; }
  .button { display: inline-block; margin: .5rem 0; border-radius: .5rem; padding: .5rem 1rem; background: var(--accent); color: Canvas; text-decoration: none; }
  .button:hover { opacity: .9; }
  a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
  p:has(.button) ~ p .button { background: none; color: var(--accent); box-shadow: inset 0 0 0 1px; }
  body:lang(hi) { font: 1.0625rem/1.75 system-ui, 'Noto Sans Devanagari', 'Nirmala UI', sans-serif; }
  h1:lang(hi) { line-height: 1.5; }
  :lang(hi) > [lang=en] { color: var(--muted); font-size: .875rem; line-height: 1.5; }
`;
