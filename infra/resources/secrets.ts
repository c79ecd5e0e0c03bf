import { RemovalPolicy, SecretValue, Validations } from 'aws-cdk-lib';
import type { Function } from 'aws-cdk-lib/aws-lambda';
import { type CfnSecret, Secret, type SecretProps } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { Extension } from '../../shared/config.ts';
import { environment, unsetApiKey } from '../../shared/contract.ts';
import { secretIdVariableOf } from '../../shared/own-variables.ts';
import { allow } from './function.ts';

/** A secret that is one value. A function that is granted it gets its id and may read it, no more. */
export class SingleSecret extends Secret {
  readonly #idVariable: string;

  constructor(scope: Construct, id: string, idVariable: string, props: SecretProps) {
    super(scope, id, props);
    this.#idVariable = idVariable;
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason:
        'Changed by putting a new version: the functions read AWSCURRENT and AWSPREVIOUS. The partner panel issues the API key and secret and no service can rotate them there; new sealing keys on a schedule would end sessions and strand stored tokens.',
    });
  }

  /** Lets the function read the value. Not `grantRead`, which also lets it describe the secret. */
  grantValue(fn: Function): void {
    fn.addEnvironment(this.#idVariable, this.secretArn);
    allow(fn, { actions: ['secretsmanager:GetSecretValue'], resource: this.secretArn });
  }
}

// A change to any of these would make CloudFormation replace the value that is in use.
export const generatedKey = { passwordLength: 64, excludePunctuation: true } as const;

/** What the extension keeps secret, each apart, so that a role reads only what its function needs. */
export class Secrets extends Construct {
  /** The extension's API key (`client_id`), from the partner panel. */
  readonly apiKey: SingleSecret;
  /** The extension's API secret, from the partner panel. */
  readonly apiSecret: SingleSecret;
  /** Seals session and transaction cookies. */
  readonly sessionKey: SingleSecret;
  /** Seals the offline tokens in the Installations table. */
  readonly tokenKey: SingleSecret;
  /** Makes the secret that each company's webhooks are signed with. */
  readonly webhookKey: SingleSecret;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.apiKey = new SingleSecret(this, 'ApiKey', environment.apiKeySecretId, {
      description: "The extension's API key, from the partner panel.",
      // No secret: it travels in every authorize URL, where this text tells what is to be done.
      secretStringValue: SecretValue.unsafePlainText(unsetApiKey),
    });
    this.apiSecret = new SingleSecret(this, 'ApiSecret', environment.apiSecretSecretId, {
      description: "The extension's API secret, from the partner panel.",
      // Random until the real one is put: a placeholder that can be read here could be used to sign.
      generateSecretString: generatedKey,
    });
    this.sessionKey = new SingleSecret(this, 'SessionKey', environment.sessionKeySecretId, {
      description: 'Seals session and transaction cookies. A new version leaves the sessions of the last one alive.',
      generateSecretString: generatedKey,
    });
    this.tokenKey = new SingleSecret(this, 'TokenKey', environment.tokenKeySecretId, {
      description: 'Seals the offline tokens in the Installations table.',
      generateSecretString: generatedKey,
      // The retained table is unreadable without it.
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.webhookKey = new SingleSecret(this, 'WebhookKey', environment.webhookKeySecretId, {
      description: "Makes each company's webhook secret. A new version leaves the last one valid for three days.",
      generateSecretString: generatedKey,
    });
  }
}

/** A secret of the author's, empty until somebody stores its value. */
class OwnSecret extends SingleSecret {
  constructor(scope: Construct, name: string) {
    super(scope, name, secretIdVariableOf(name), { description: `${name}: npm run configure stores it.` });
    // What is not stored yet is told from what is: a random text would be handed out as the value.
    (this.node.defaultChild as CfnSecret).generateSecretString = undefined;
  }
}

/** The secrets that the configuration names. Each is granted to the functions that its handlers became, and to no other. */
export class OwnSecrets extends Construct {
  readonly byName: ReadonlyMap<string, SingleSecret>;

  constructor(scope: Construct, id: string, secrets: Extension['secrets']) {
    super(scope, id);
    this.byName = new Map(Object.keys(secrets).map((name) => [name, new OwnSecret(this, name)]));
  }
}
