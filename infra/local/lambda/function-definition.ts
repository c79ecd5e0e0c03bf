/** A Lambda function as the template describes it. */
export interface FunctionDefinition {
  readonly logicalId: string;
  readonly name: string;
  readonly arn: string;
  /** The unpacked asset. */
  readonly directory: string;
  /** `index.handler`: file and export. */
  readonly handler: string;
  readonly runtime: string;
  readonly memoryMegabytes: number;
  readonly timeoutSeconds: number;
  /** What the stack gives, nothing else. */
  readonly environment: Readonly<Record<string, string>>;
}
