/** A Lambda function as the template describes it. */
export interface FunctionDefinition {
  readonly logicalId: string;
  readonly name: string;
  /** What its author calls it: its entry file, where the template tells. */
  readonly label: string;
  readonly arn: string;
  /** The unpacked asset. */
  readonly directory: string;
  /** Of the bundle; undefined where there is none. */
  readonly sourceMap: string | undefined;
  /** `index.handler`: file and export. */
  readonly handler: string;
  readonly runtime: string;
  /** Whether a debugger is to find its sources. */
  readonly isInspected?: boolean;
  readonly memoryMegabytes: number;
  readonly timeoutSeconds: number;
  /** What the stack gives, nothing else. */
  readonly environment: Readonly<Record<string, string>>;
}
