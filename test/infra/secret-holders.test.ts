import { expect, test } from 'vitest';
import { ConfigurationError } from '../../shared/config.ts';
import { busySample, calledSample, type Resource, synthesizedStack } from './synthesized-stack.ts';

const products = './test/extension/products.ts';
const onUpdate = './test/extension/on-product-update.ts';
const launched = './test/extension/launched.ts';

const { resources, template } = synthesizedStack({
  extension: {
    ...calledSample,
    ...busySample,
    hooks: { launched },
    secrets: {
      slackUrl: { for: [products] },
      erpToken: { for: [onUpdate] },
      launchKey: { for: [launched, products] },
      payKey: { for: ['./test/extension/pay.ts', './test/extension/wishlist.ts'] },
    },
  },
});

/** Who is told of a secret, by the variable. */
const toldOf = (variable: string) =>
  Object.entries(resources)
    .filter(([, { Type, Properties }]) => {
      const { Variables = {} } = (Properties['Environment'] ?? {}) as { Variables?: object };
      return Type === 'AWS::Lambda::Function' && variable in Variables;
    })
    .map(([id]) => id.replace(/Function[0-9A-F]{8}$/, '').replace(/^Resource/, ''))
    .sort();

test('a secret is granted to the functions of the handlers that are named, and to no other', () => {
  expect(toldOf('OWN_SECRET_SLACK_URL')).toEqual(['Products']);
  expect(toldOf('OWN_SECRET_ERP_TOKEN')).toEqual(['Worker']);
  expect(toldOf('OWN_SECRET_LAUNCH_KEY')).toEqual(['Callback', 'Products']);
  expect(toldOf('OWN_SECRET_PAY_KEY')).toEqual(['Pay', 'Wishlist']);
});

test('who is told of a secret may read it, and no more than its value', () => {
  const policies = Object.entries(resources).filter(
    ([, { Type, Properties }]) =>
      Type === 'AWS::IAM::Policy' && JSON.stringify(Properties).includes('OwnSecretsslackUrl'),
  );
  expect(policies).toHaveLength(1);
  const { Statement } = (policies[0]?.[1].Properties['PolicyDocument'] ?? {}) as {
    Statement: { Action: unknown; Resource: unknown }[];
  };
  const about = Statement.filter((statement) => JSON.stringify(statement).includes('OwnSecretsslackUrl'));
  expect(about.map(({ Action }) => Action)).toEqual(['secretsmanager:GetSecretValue']);
});

test('a secret is empty until somebody stores its value, and the deployment tells where', () => {
  const secrets = Object.entries(resources).filter(([id]) => id.startsWith('OwnSecrets'));
  const properties = secrets.map(([, { Properties }]: [string, Resource]) => Object.keys(Properties));
  expect(properties).toEqual(Array.from({ length: 4 }, () => ['Description']));
  expect(Object.keys(template.toJSON()['Outputs'] as object)).toEqual(
    expect.arrayContaining(['OwnSecretSlackUrl', 'OwnSecretErpToken', 'OwnSecretLaunchKey']),
  );
});

test('a file that is no handler is a sentence', () => {
  const secrets = { slackUrl: { for: ['./functions/healthz.ts'] } };
  expect(() => synthesizedStack({ extension: { ...busySample, secrets } })).toThrow(
    new ConfigurationError(
      'extension.config.ts: secrets.slackUrl.for names ./functions/healthz.ts, which is no handler: name a file that a route, an event, a schedule or a hook names.',
    ),
  );
});
