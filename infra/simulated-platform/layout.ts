/** Text as HTML. */
export const escape = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const style = `
:root { color-scheme: light; --ink: #1c2430; --soft: #667085; --line: #e3e7ee; --brand: #4338ca; --wash: #f6f7fb; }
* { box-sizing: border-box; }
body { margin: 0; font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; color: var(--ink); background: var(--wash); }
header { display: flex; align-items: center; gap: 1rem; padding: .75rem 1.5rem; background: #fff; border-bottom: 1px solid var(--line); }
header .mark { font-weight: 700; color: var(--brand); text-decoration: none; }
header form { margin-left: auto; display: flex; align-items: center; gap: .5rem; color: var(--soft); }
main { max-width: 1100px; margin: 1.5rem auto; padding: 0 1.5rem; }
main.narrow { max-width: 560px; }
h1 { font-size: 1.35rem; margin: 0 0 .25rem; } h2 { font-size: 1rem; margin: 1.25rem 0 .5rem; }
p { margin: .25rem 0 1rem; } .soft { color: var(--soft); } a { color: var(--brand); }
.card { background: #fff; border: 1px solid var(--line); border-radius: 12px; padding: 1.25rem; }
table { width: 100%; border-collapse: collapse; background: #fff; border: 1px solid var(--line); border-radius: 12px; overflow: hidden; }
th, td { text-align: left; padding: .55rem .9rem; border-bottom: 1px solid var(--line); } tr:last-child td { border-bottom: 0; }
th { font-size: .8rem; color: var(--soft); font-weight: 600; }
button, .button { font: inherit; padding: .4rem .9rem; border-radius: 8px; border: 1px solid var(--line); background: #fff; color: var(--ink); cursor: pointer; text-decoration: none; display: inline-block; }
button.primary, .button.primary { background: var(--brand); border-color: var(--brand); color: #fff; }
button.danger { color: #b42318; } select { font: inherit; padding: .35rem .5rem; border-radius: 8px; border: 1px solid var(--line); background: #fff; }
.row { display: flex; gap: .6rem; align-items: center; flex-wrap: wrap; } .row form { margin: 0; } .push { margin-left: auto; }
.badge { font-size: .78rem; padding: .1rem .5rem; border-radius: 99px; background: #ecfdf3; color: #027a48; } .badge.no { background: #fef3f2; color: #b42318; } .badge.wait { background: #fffaeb; color: #b54708; }
.notice { background: #eef2ff; border: 1px solid #c7d2fe; border-radius: 8px; padding: .6rem .9rem; margin: 0 0 1rem; }
iframe { width: 100%; height: 74vh; border: 1px solid var(--line); border-radius: 12px; background: #fff; margin-top: 1rem; }
ul.plain { list-style: none; margin: 0; padding: 0; } ul.plain li { padding: .4rem 0; } label.choice { display: flex; gap: .6rem; align-items: baseline; }
code { font-size: .9em; background: var(--wash); padding: .05rem .3rem; border-radius: 4px; }`;

/** A whole page. `body` is HTML. */
export const layout = (title: string, body: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><title>${escape(title)}</title><style>${style}</style></head><body>
${body}
</body></html>
`;

/** A page that says one thing. */
export const messagePage = (title: string, message: string): string =>
  layout(
    title,
    `<main class="narrow"><div class="card"><h1>${escape(title)}</h1><p>${escape(message)}</p></div></main>`,
  );
