import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const folder = '.github/workflows';
const workflows = readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')] as const);
const lines = (text: string, key: string) =>
  text.split('\n').flatMap((line) => new RegExp(`^\\s*(?:- )?${key}: (.*)$`).exec(line)?.[1] ?? []);

describe.each(workflows)('the workflow %s', (_name, text) => {
  test('runs commands of the project, and nothing of its own', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
    for (const command of lines(text, 'run')) {
      const [, script, builtIn] = /^npm (?:run ([\w:-]+)|(test|sbom))\b/.exec(command) ?? [];
      expect([command, builtIn ?? script]).not.toEqual([command, undefined]);
      if (script !== undefined) expect(Object.keys(scripts)).toContain(script);
    }
  });

  test('pins each action to a commit, and says which release that is', () => {
    const actions = lines(text, 'uses');
    expect(actions.length).toBeGreaterThan(1);
    for (const action of actions) expect(action).toMatch(/^[\w.-]+\/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  test('may read the code and, but for what a job names, nothing else', () => {
    expect(text).toMatch(/^permissions:\n {2}contents: read\n(?! {2})/m);
    expect(text).not.toMatch(/pull_request_target|secrets\./);
  });
});
