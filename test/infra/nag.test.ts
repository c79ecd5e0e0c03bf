import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, test } from 'vitest';
import { busySample, receivingSample, type Synthesized, sample, synthesizedStack } from './synthesized-stack.ts';

/**
 * The function with which the CDK uploads files during deployments: its role, its runtime and its grants, on the one bucket
 * and the CDK's own of assets, are the CDK's.
 */
const cdksOwn = / at Extension\/Custom::CDKBucketDeployment/;

/** Every finding that nobody has acknowledged, as `rule at construct`. */
function findingsOf({ app }: Synthesized): string[] {
  return new AwsSolutionsChecks(app)
    .validateScope(app)
    .violations.flatMap(({ ruleName, violatingResources }) =>
      violatingResources.map(
        ({ constructPath, resourceLogicalId }) => `${ruleName} at ${constructPath ?? resourceLogicalId}`,
      ),
    )
    .filter((finding) => !cdksOwn.test(finding));
}

describe("AWS's rules for solutions", () => {
  test('find nothing that is not acknowledged, with a reason, where it is', () => {
    expect(findingsOf(synthesizedStack())).toEqual([]);
    expect(findingsOf(synthesizedStack({ extension: busySample }))).toEqual([]);
    expect(findingsOf(synthesizedStack({ extension: { ...busySample, edge: true } }))).toEqual([]);
    expect(findingsOf(synthesizedStack({ extension: receivingSample }))).toEqual([]);
    const gradual = { ...sample, stages: { prod: { gradual: true } } };
    expect(findingsOf(synthesizedStack({ extension: gradual, stage: 'prod' }))).toEqual([]);
    expect(findingsOf(synthesizedStack({ extension: { ...sample, alarms: { email: 'night@example.com' } } }))).toEqual(
      [],
    );
  });

  test('would find a bucket that anybody may reach without TLS', () => {
    const synthesized = synthesizedStack({
      addOwnResources: ({ stack }) => void new Bucket(stack, 'Loose'),
    });
    expect(findingsOf(synthesized)).toContainEqual(expect.stringMatching(/^AwsSolutions-S10\b.* at Extension\/Loose/));
  });
});
