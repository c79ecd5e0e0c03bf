/** What the tools say of a template that is right as it is. One that is no longer said where there is such a resource fails the run. */
export interface Acknowledged {
  readonly check: string;
  /** Resource types that it is said of; of any other one it is a finding. */
  readonly of: readonly string[];
  readonly reason: string;
}

const everyFunction = ['AWS::Lambda::Function'];

export const ofCfnLint: readonly Acknowledged[] = [
  {
    check: 'W3005',
    of: ['AWS::Lambda::Function', 'AWS::Scheduler::Schedule'],
    reason:
      'The CDK says with DependsOn what a reference says already, and cannot be told not to: a function waits for its role’s policy, not only for the role.',
  },
];

const bucket = ['AWS::S3::Bucket'];
const distribution = ['AWS::CloudFront::Distribution'];

export const ofCheckov: readonly Acknowledged[] = [
  {
    check: 'CKV_AWS_18',
    of: bucket,
    reason: 'Only CloudFront reads the bucket of the front end’s files, and only what everybody may have.',
  },
  {
    check: 'CKV_AWS_21',
    of: bucket,
    reason: 'Names of these files carry a digest: each is its own version, and all are in the front end’s build.',
  },
  {
    check: 'CKV_AWS_86',
    of: distribution,
    reason:
      'What reaches the API is in its access log, without queries, in which codes travel. The rest are public files.',
  },
  {
    check: 'CKV_AWS_174',
    of: distribution,
    reason: 'Under its own name CloudFront takes no other policy. A domain of the author’s has TLSv1.2_2021.',
  },
  {
    check: 'CKV_AWS_192',
    of: ['AWS::WAFv2::WebACL'],
    reason: 'The rule against Log4j, which is Java’s: nothing here is.',
  },
  {
    check: 'CKV_AWS_27',
    of: ['AWS::SQS::Queue'],
    reason:
      'The queues are encrypted with SQS’s own keys (SqsManagedSseEnabled), which this check does not know. A key of our own would cost every sender a permission, and guard messages that live for days.',
  },
  {
    check: 'CKV_AWS_115',
    of: everyFunction,
    reason:
      'Reserved concurrency is taken from what the account’s other functions share, and a new account has too little of it to deploy so many. The API’s stage is throttled, and a queue’s groups bound the worker.',
  },
  {
    check: 'CKV_AWS_116',
    of: everyFunction,
    reason:
      'A function’s dead-letter queue is for asynchronous calls, and there are none: the gateway waits for the answer, and what the worker cannot do goes to the work queue’s own dead letters.',
  },
  {
    check: 'CKV_AWS_117',
    of: everyFunction,
    reason:
      'The functions reach AWS’s services and the platform, all of them public and over TLS, and nothing private. A VPC would add a NAT gateway to pay for, and no wall that IAM is not already.',
  },
  {
    check: 'CKV_AWS_149',
    of: ['AWS::SecretsManager::Secret'],
    reason:
      'Encrypted with the account’s key of Secrets Manager. Who may read a value is said secret by secret in each role; a key of our own would say the same again, for a monthly fee.',
  },
  {
    check: 'CKV_AWS_158',
    of: ['AWS::Logs::LogGroup'],
    reason:
      'CloudWatch encrypts every log group. What is logged comes from an allow-list without credentials and bodies, and is deleted after one month, or three for the access log.',
  },
  {
    check: 'CKV_AWS_173',
    of: everyFunction,
    reason:
      'Lambda encrypts the variables. They hold the names of tables, secrets and a queue, and an address: nothing that is secret.',
  },
  {
    check: 'CKV_SECRET_6',
    of: ['AWS::SecretsManager::Secret'],
    reason:
      'The API key’s placeholder, api-key-is-not-set-yet. It is no secret, and says in every authorize URL what is to be done.',
  },
];
