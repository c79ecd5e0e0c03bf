// The parts of dynalite that its server is made of.

declare module 'dynalite/db/index.js' {
  /** Tables in a LevelDB folder, which is opened at the first use. */
  export interface Store {
    readonly db: { open(): Promise<void>; close(): Promise<void> };
  }

  export function create(options: {
    readonly path: string;
    readonly createTableMs: number;
    readonly deleteTableMs: number;
    readonly updateTableMs: number;
  }): Store;
}

declare module 'dynalite/validations/index.js' {
  import type { Store } from 'dynalite/db/index.js';

  /** What an operation takes: `dynalite/validations/{operation}`. */
  export interface Validation {
    readonly types: object;
    readonly custom?: unknown;
  }

  /** @throws {Refusal} of dynamodb.ts */
  export function checkTypes(input: unknown, types: Validation['types']): unknown;
  /** @throws {Refusal} of dynamodb.ts */
  export function checkValidations(input: unknown, types: Validation['types'], custom: unknown, store: Store): void;
}
