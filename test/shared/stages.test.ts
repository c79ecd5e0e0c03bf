import { describe, expect, test } from 'vitest';
import { ConfigurationError, type ExtensionInput, type StageInput } from '../../shared/config.ts';
import { parseExtension } from '../../shared/parse-extension.ts';

const certificateArn = 'arn:aws:acm:ap-south-1:111111111111:certificate/0a1b-2c3d';
const whole: StageInput = {
  account: '111111111111',
  region: 'ap-south-1',
  stackName: 'product-lens',
  baseUrl: 'https://lens.example.com',
  domain: { name: 'lens.example.com', certificateArn },
  edge: false,
  cluster: 'https://api.uat.fyndx1.de',
  clusterRegion: 'asia-south1',
  adminOrigins: ['https://panel.example'],
  protected: false,
  logRetentionDays: 90,
  logLevel: 'error',
  concurrency: { worker: 50, reserved: { './functions/page.ts': 20 } },
  gradual: { percent: 20, minutes: 10 },
};
const extension: ExtensionInput = {
  name: 'Product Lens',
  scopes: ['company/products'],
  stages: { prod: whole, test: {} },
};

function sentenceFor(stages: unknown, stageName?: string): string {
  try {
    parseExtension({ ...extension, stages }, 'lens.ts', stageName);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
  return 'accepted';
}

describe('stages of a configuration', () => {
  test('are told by name where none was chosen, and change nothing', () => {
    const { stages: _, ...without } = extension;
    const { stageNames, ...rest } = parseExtension(extension);
    expect(stageNames).toEqual(['prod', 'test']);
    expect(rest).toEqual({ ...parseExtension(without), stageNames: undefined });
  });

  test('have a default for everything, and what they leave out is as the extension says', () => {
    const chosen = parseExtension({ ...extension, edge: true, worker: { maxConcurrency: 7 } }, undefined, 'test');
    expect(chosen.stage).toEqual({
      name: 'test',
      protected: true,
      logLevel: 'info',
      concurrency: { reserved: {} },
    });
    expect(chosen).toMatchObject({ edge: true, cluster: 'https://api.fynd.com', worker: { maxConcurrency: 7 } });
  });

  test('decide for the extension what they name', () => {
    const chosen = parseExtension({ ...extension, edge: true, region: 'europe-west1' }, undefined, 'prod');
    expect(chosen).toMatchObject({
      stage: { ...whole, name: 'prod' },
      edge: false,
      cluster: 'https://api.uat.fyndx1.de/region/asia-south1',
      adminOrigins: ['https://panel.example'],
      worker: { maxConcurrency: 50 },
    });
  });

  test('of another cluster have its panels, and no region of the extension’s own cluster', () => {
    const { cluster, adminOrigins } = parseExtension(
      {
        ...extension,
        region: 'asia-south1',
        adminOrigins: ['https://panel.example'],
        stages: { uat: { cluster: 'api.uat.fyndx1.de' } },
      },
      undefined,
      'uat',
    );
    expect(cluster).toBe('https://api.uat.fyndx1.de');
    expect(adminOrigins).toContain('https://platform.uat.fyndx1.de');
  });

  test('are gradual by ten percent for five minutes where they say no more', () => {
    const gradualOf = (gradual: StageInput['gradual']) =>
      parseExtension({ ...extension, stages: { a: { gradual } } }, undefined, 'a').stage?.gradual;
    expect(gradualOf(true)).toEqual({ percent: 10, minutes: 5 });
    expect(gradualOf({ minutes: 30 })).toEqual({ percent: 10, minutes: 30 });
    expect(gradualOf(false)).toBeUndefined();
  });

  test('that do not exist are a sentence with those that do', () => {
    expect(sentenceFor(extension.stages, 'live')).toBe('lens.ts: stages has no live. There are: prod, test.');
    expect(sentenceFor({}, 'toString')).toBe(
      'lens.ts: stages is missing, so that there is no stage toString. Leave it out, or name it there.',
    );
  });

  test.for<[unknown, RegExp]>([
    ['prod', /^lens\.ts: stages must be an object such as/],
    [{ 'pre-prod': {} }, /^lens\.ts: stages\.pre-prod must have a name of at most 16 small letters/],
    [{ a: { acount: '1' } }, /^lens\.ts: stages\.a\.acount is not a setting\.$/],
    [{ a: { account: 111111111111 } }, /^lens\.ts: stages\.a\.account must be text\.$/],
    [{ a: { account: '1' } }, /account must be the twelve digits/],
    [{ a: { region: 'mumbai' } }, /region must be a region of AWS, such as "ap-south-1"\.$/],
    [{ a: { stackName: 'my stack' } }, /stackName must begin with a letter/],
    [{ a: { baseUrl: 'http://lens.example.com' } }, /baseUrl must be an https origin/],
    [{ a: { domain: { name: 'Lens.example.com', certificateArn } } }, /domain\.name must be a domain in small letters/],
    [{ a: { domain: { name: 'lens.example.com' } } }, /domain\.certificateArn is missing\.$/],
    [
      { a: { domain: { name: 'a.example.com', certificateArn: 'x' } } },
      /certificateArn must be the ARN of a certificate/,
    ],
    [{ a: { ...whole, baseUrl: 'https://b.example.com' } }, /stages\.a\.baseUrl must be the address of domain/],
    [{ a: { ...whole, account: '222222222222' } }, /domain must have a certificate of the stage’s own account/],
    [{ a: { clusterRegion: 'asia-south1' } }, /clusterRegion must have cluster beside it\.$/],
    [{ a: { protected: 'no' } }, /protected must be true or false\.$/],
    [{ a: { logRetentionDays: 31 } }, /logRetentionDays must be one of 1, 3, 5, .*: CloudWatch takes no others\.$/],
    [{ a: { logLevel: 'debug' } }, /logLevel must be "info" or "error"\.$/],
    [{ a: { concurrency: { worker: 1 } } }, /concurrency\.worker must be at least 2\.$/],
    [{ a: { concurrency: { reserved: { './a.ts': 0 } } } }, /must be at least 1\.$/],
    [
      { a: { gradual: { percent: 100 } } },
      /gradual must be true, false, or an object .* 1 to 99 percent and 1 to 2880 minutes\.$/,
    ],
    [{ a: { gradual: 'slowly' } }, /gradual must be true, false, or an object such as/],
    [{ a: { stackName: 'x' }, b: { stackName: 'x' } }, /^lens\.ts: stages must not have the stackName x twice\.$/],
    [
      { a: { baseUrl: 'https://x.example' }, b: { baseUrl: 'https://x.example/' } },
      /the baseUrl https:\/\/x\.example twice/,
    ],
  ])('%o are refused, whichever stage was chosen', ([stages, sentence]) => {
    expect(sentenceFor(stages)).toMatch(sentence);
  });

  test('whose cluster has panels of other names must name them, and the sentence names the stage', () => {
    expect(sentenceFor({ a: { cluster: 'https://fynd.example' } })).toBe('accepted');
    expect(sentenceFor({ a: { cluster: 'https://fynd.example' } }, 'a')).toMatch(
      /^lens\.ts, stage a: adminOrigins is missing\./,
    );
  });
});
