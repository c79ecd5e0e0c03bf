/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-secretsmanager-secret-generatesecretstring.html */
export interface GenerateSecretString {
  readonly PasswordLength?: number;
  readonly ExcludeCharacters?: string;
  readonly ExcludeLowercase?: boolean;
  readonly ExcludeUppercase?: boolean;
  readonly ExcludeNumbers?: boolean;
  readonly ExcludePunctuation?: boolean;
  readonly IncludeSpace?: boolean;
  readonly SecretStringTemplate?: string;
  readonly GenerateStringKey?: string;
}

/** A secret as the template describes it. */
export interface SecretDefinition {
  readonly logicalId: string;
  readonly name: string;
  readonly arn: string;
  /** The value that the template spells out. */
  readonly initialValue: string | undefined;
  /** How one is generated otherwise; undefined: the secret has no value until one is put. */
  readonly generate: GenerateSecretString | undefined;
}
