import { readFile } from 'node:fs/promises';
import { run } from '../../infra/emulator/child.ts';
import { check, Failure } from '../../infra/emulator/failure.ts';
import { type Acknowledged, ofCfnLint, ofCheckov } from './acknowledged.ts';
import type { PythonTools } from './python-tools.ts';

/** What a tool says of one resource. */
interface Finding {
  readonly check: string;
  readonly says: string;
  readonly logicalId: string;
  readonly type: string;
}

type Types = ReadonlyMap<string, string>;

/** No account, no home of this machine's: nothing that the tools say may depend on it. */
function offline(directory: string): NodeJS.ProcessEnv {
  const { PATH } = process.env;
  return {
    PATH,
    HOME: directory,
    LANG: 'C.UTF-8',
    NO_COLOR: '1',
    SAM_CLI_TELEMETRY: '0',
    AWS_DEFAULT_REGION: 'ap-south-1',
  };
}

/** @throws {Failure} with every finding that nobody has acknowledged. @returns how many are. */
export async function lint(tools: PythonTools, template: string, directory: string): Promise<number> {
  const types = await typesOf(template);
  const env = offline(directory);
  const { output } = await run(tools.cfnLint, ['--format', 'json', '--include-checks', 'I', '--', template], { env });
  const matches = parse(output) as CfnLintMatch[];
  const findings = matches.map(({ Rule, Message, Location }) => {
    const logicalId = String(Location.Path?.[1] ?? '');
    return { check: Rule.Id, says: Message, logicalId, type: types.get(logicalId) ?? '' };
  });
  return judge('cfn-lint', findings, ofCfnLint, types);
}

interface CfnLintMatch {
  readonly Rule: { readonly Id: string };
  readonly Message: string;
  readonly Location: { readonly Path?: readonly (string | number)[] };
}

/** As a SAM template, of which a CloudFormation template is one; its lint knows of no acknowledgement. */
export async function validate(tools: PythonTools, template: string, directory: string): Promise<void> {
  const env = offline(directory);
  const plain = await run(tools.sam, ['validate', '--template', template], { env });
  check(plain.status === 0, 'sam validate refuses the template.', plain.output);
  const { output } = await run(tools.sam, ['validate', '--lint', '--template', template], { env });
  const rules = new Set([...output.matchAll(/\[([EWI]\d{4}):/g)].map(([, rule]) => rule));
  const expected = ofCfnLint.map(({ check: rule }) => rule);
  check([...rules].join() === expected.join(), `sam validate --lint says more than ${expected.join()}.`, output);
}

export async function scan(tools: PythonTools, template: string, directory: string): Promise<number> {
  const types = await typesOf(template);
  const text = await readFile(template, 'utf8');
  const options = ['--framework', 'cloudformation', 'secrets', '--skip-download', '--soft-fail', '--output', 'json'];
  const { output, status } = await run(tools.checkov, ['--file', template, ...options], { env: offline(directory) });
  check(status === 0, 'checkov failed.', output);
  const reports = [parse(output) as CheckovReport | CheckovReport[]].flat();
  const judged = reports.find((report) => report.check_type === 'cloudformation')?.summary.resource_count ?? 0;
  check(judged >= types.size, `checkov looked at ${judged} of ${types.size} resources.`, output);
  const findings = reports.flatMap(({ results }) =>
    results.failed_checks.map(({ check_id, check_name, resource, file_line_range: [line] }) => {
      // A secret is found in a line, everything else in a resource.
      const logicalId = resource.split('.')[1] ?? logicalIdAt(text, line);
      return { check: check_id, says: check_name, logicalId, type: types.get(logicalId) ?? '' };
    }),
  );
  return judge('checkov', findings, ofCheckov, types);
}

interface CheckovReport {
  readonly check_type: string;
  readonly summary: { readonly resource_count: number };
  readonly results: {
    readonly failed_checks: readonly {
      readonly check_id: string;
      readonly check_name: string;
      readonly resource: string;
      readonly file_line_range: readonly [number, number];
    }[];
  };
}

function judge(
  tool: string,
  findings: readonly Finding[],
  acknowledged: readonly Acknowledged[],
  types: Types,
): number {
  const isAcknowledged = (finding: Finding) =>
    acknowledged.some(({ check: id, of }) => id === finding.check && of.includes(finding.type));
  const open = findings
    .filter((finding) => !isAcknowledged(finding))
    .map(({ check: id, says, logicalId, type }) => `${id} at ${logicalId} (${type}): ${says}`);
  const present = new Set(types.values());
  const stale = acknowledged
    .filter(({ of }) => of.some((type) => present.has(type)))
    .filter(({ check: id }) => findings.every((finding) => finding.check !== id))
    .map(({ check: id }) => `${id} is no longer found: take it out of test/static/acknowledged.ts.`);
  check(
    open.length + stale.length === 0,
    `${tool} finds what is neither mended nor acknowledged in test/static/acknowledged.ts.`,
    [...open, ...stale].join('\n'),
  );
  return findings.length;
}

async function typesOf(template: string): Promise<Types> {
  const { Resources } = JSON.parse(await readFile(template, 'utf8')) as { Resources: Record<string, { Type: string }> };
  return new Map(Object.entries(Resources).map(([logicalId, { Type }]) => [logicalId, Type]));
}

/** The CDK indents by one space: resources by two. */
function logicalIdAt(text: string, line: number): string {
  const before = text.split('\n').slice(0, line).toReversed();
  return before.map((each) => /^ {2}"(\w+)": \{$/.exec(each)?.[1]).find((id) => id !== undefined) ?? '';
}

/** @throws {Failure} with what the tool said instead of JSON. */
function parse(output: string): unknown {
  try {
    return JSON.parse(output);
  } catch {
    throw new Failure('A tool did not answer with JSON.', output);
  }
}
