import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const folder = '.github/workflows';
const workflows = readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')] as const);
const workflow = (name: string) => workflows.find(([each]) => each === name)?.[1] ?? '';
/** A job's lines. */
const jobOf = (name: string, job: string) =>
  new RegExp(`^  ${job}:\\n((?: {4}.*\\n|\\n)*)`, 'm').exec(workflow(name))?.[1] ?? '';
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

  test('runs what the README and the way to deploy name', () => {
    const named = readFileSync('README.md', 'utf8') + readFileSync('docs/deploy.md', 'utf8');
    for (const command of lines(text, 'run')) {
      const [, name = command] = /^npm (?:run )?([\w:-]+)/.exec(command) ?? [];
      expect(named).toMatch(new RegExp(`npm (?:run )?${name}\\b|· \`${name}\``));
    }
  });

  test('may read the code and, but for what a job names, nothing else', () => {
    expect(text).toMatch(/^permissions:\n {2}contents: read\n(?! {2})/m);
    expect(text).not.toMatch(/pull_request_target|secrets\./);
  });
});

describe('what is delivered', () => {
  test('was tested, checked and synthesized, and is kept with the list of what is in it', () => {
    const job = jobOf('check.yml', 'check');
    const commands = lines(job, 'run').map((command) => command.replace(/ -- .*/, ''));
    expect(commands).toEqual([
      'npm test',
      'npm run check',
      'npm run synth',
      expect.stringMatching(/^npm sbom .*> cdk\.out\/sbom/),
    ]);
    expect(job).toMatch(/upload-artifact@[\s\S]*path: cdk\.out\n/);
    expect(workflow('check.yml')).toMatch(/^ {2}pull_request:$/m);
  });

  test('is compared with what runs on pull requests of the repository itself, by a role that may look', () => {
    const job = jobOf('check.yml', 'diff');
    expect(job).toContain('github.event.pull_request.head.repo.full_name == github.repository');
    expect(lines(job, 'run').join()).toMatch(/^npm run diff\b/);
    expect(lines(job, 'role-to-assume')).toEqual(['${{ vars.AWS_DIFF_ROLE }}']);
    expect(lines(job, 'environment')).toEqual(['diff']);
  });

  test('is deployed from main by a role of the environment, and attested with the list of what is in it', () => {
    const job = jobOf('deploy.yml', 'deploy');
    expect(lines(job, 'if')).toEqual(["github.ref == 'refs/heads/main'"]);
    expect(lines(job, 'role-to-assume')).toEqual(['${{ vars.AWS_DEPLOY_ROLE }}']);
    expect(lines(job, 'environment')).toHaveLength(1);
    const steps = [...lines(job, 'run'), ...lines(job, 'uses')].join('\n');
    expect(steps).toMatch(/npm run deploy[\s\S]*npm sbom[\s\S]*attest-build-provenance@[\s\S]*attest-sbom@/);
    expect(lines(job, 'subject-path')).toEqual(['cdk.out/asset.*/index.js', 'cdk.out/asset.*/index.js']);
  });

  test('takes a token of GitHub’s only in jobs of an environment', () => {
    for (const [, text] of workflows) {
      for (const job of text.split(/^ {2}(?=\w+:\n)/m).filter((each) => each.includes('id-token: write'))) {
        expect(lines(job, 'environment')).toHaveLength(1);
      }
    }
  });

  test('is kept up to date each week, but for the CLI that was published by accident', () => {
    const text = readFileSync('.github/dependabot.yml', 'utf8');
    expect(lines(text, 'package-ecosystem')).toEqual(['npm', 'github-actions']);
    expect(lines(text, 'interval')).toEqual(['weekly', 'weekly']);
    expect(text).toMatch(/dependency-name: aws-cdk\n\s+versions: \['>=3'\]/);
  });

  test('comes from workflows that actionlint takes, wherever everything is checked', () => {
    expect(readFileSync('.ci/run', 'utf8')).toMatch(/^npm run test:static$/m);
    expect(readFileSync('test/static/main.ts', 'utf8')).toContain('lintWorkflows(');
  });
});
