/** Where the emulator is known to differ from AWS. Each is looked for in every run: one that is gone fails the run. */
export interface Difference {
  readonly what: string;
  readonly because: string;
}

const keepsPercent = 'MiniStack decodes every escape of a path but %25; by what is published AWS decodes that, too.';
const replacesBytes = 'MiniStack replaces the bytes of a JSON body that are no UTF-8 before the function is called.';

/** Tests of the flow suite that cannot pass there, by their whole name. */
export const flowDifferences: readonly Difference[] = [
  ...['100%', '%41', 'a%b', '%zz'].map((segment) => ({
    what: `what the platform receives > the path segment «${segment}» with the value it was sent with`,
    because: keepsPercent,
  })),
  ...['POST', 'PUT', 'PATCH', 'DELETE'].map((method) => ({
    what: `what the platform receives > the bytes of a ${method} whose body is JSON that is no UTF-8`,
    because: replacesBytes,
  })),
  { what: 'webhooks > that are no UTF-8 are refused with 400, and nothing is handled', because: replacesBytes },
  {
    what: 'what is refused before the platform is asked > catalog/v2.0/company/33/a%0Ab is 400',
    because: 'MiniStack matches no route to a path with a line break in it and answers 404 itself.',
  },
];

const ignoresReplicas = 'MiniStack ignores what AWS::DynamoDB::GlobalTable says of a replica.';

/** What exists and is not as it was synthesized. */
export const resourceDifferences: readonly Difference[] = [
  { what: 'Installations: deletion protection', because: ignoresReplicas },
  { what: 'Installations: point-in-time recovery', because: ignoresReplicas },
  { what: 'Installations: encryption with its key', because: ignoresReplicas },
  ...['UserCache', 'Deliveries'].flatMap((name) => [
    { what: `${name}: point-in-time recovery`, because: ignoresReplicas },
    {
      what: `${name}: time to live`,
      because: 'MiniStack ignores TimeToLiveSpecification of AWS::DynamoDB::GlobalTable.',
    },
  ]),
  { what: 'Stage: throttling', because: 'MiniStack ignores DefaultRouteSettings of AWS::ApiGatewayV2::Stage.' },
  ...['ApiSecret', 'SessionKey', 'TokenKey', 'WebhookKey'].map((name) => ({
    what: `Secrets${name}: no punctuation in the generated value`,
    because: 'MiniStack generates punctuation whatever ExcludePunctuation says.',
  })),
];
