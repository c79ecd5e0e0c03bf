const does: Readonly<Record<string, string>> = {
  deploy: `Deploys the extension, or what changed of it, after asking what would be found out late: credentials, region, the CDK's
bootstrap. Prints what to do next. It may be interrupted and run again: CloudFormation ends what it began, or takes it back.`,
  diff: 'Says what a deployment would change. Changes nothing.',
  destroy: `Removes the deployed extension. Asks first; --force does not. Tables and keys that are to outlive it stay.`,
  bootstrap: `Sets the CDK up in one region of the AWS account, once. Again does no harm.`,
  synth: 'Writes what would be deployed to cdk.out. Needs no AWS account.',
};

/** What `npm run deploy` and its like say of themselves. */
export function cdkHelp(command: string): string {
  return `npm run ${command} [-- options]

${does[command] ?? 'Runs this command of the CDK CLI.'}

  --stage NAME             this stage of the configuration. ${command === 'synth' ? 'Without it, what holds for no stage' : 'Needed where there are stages'}
  --profile NAME           with the credentials of this profile. Default: AWS_PROFILE, or the environment's
  -c, --context KEY=VALUE  in place of the context in cdk.json: region, stackName, EXTENSION_BASE_URL and so on

It is the CDK CLI, and takes its options: npx cdk ${command} --help lists them. docs/deploy.md tells the whole way.`;
}
