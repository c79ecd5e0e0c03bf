/** Something that is to be made again, or set again. */
export interface Repair {
  /** With its article, for sentences. */
  readonly what: string;
  /** A request that began before the loss could still write into it: that one must have ended. */
  readonly losesRequests?: boolean;
  readonly run: () => Promise<void>;
}
