/**
 * The routes of the Platform API by `METHOD path`, each with its `query`, `body` and `answer`. Empty until
 * `npm run platform-types` declares them from Fynd's own client; types alone, so that functions hold nothing of it.
 */
// oxlint-disable-next-line typescript/no-empty-object-type -- what is generated adds the members
export interface PlatformRoutes {}

/** Stands for an answer that the caller names no type for: the route's own, where it is known, else unknown. */
declare const documented: unique symbol;
export type Documented = typeof documented;

/** The paths that are known for a method. */
type PathOf<Method extends string> = keyof PlatformRoutes extends infer Route
  ? Route extends `${Method} ${infer Path}`
    ? Path
    : never
  : never;

/** A known path, which editors complete, or any other text. */
// Without the generated file nothing is known, and the first part is empty.
// oxlint-disable-next-line typescript/no-redundant-type-constituents
export type PathLike<Method extends string> = PathOf<Method> | (string & Record<never, never>);

/**
 * The path, unless it is a literal with placeholders that no known route has. Any text without them passes, a template
 * string above all.
 */
export type CheckedPath<Method extends string, Path extends string> = [keyof PlatformRoutes] extends [never]
  ? Path
  : Path extends PathOf<Method>
    ? Path
    : Path extends `${string}{${string}}${string}`
      ? `The Platform API has no route ${Method} ${Path}`
      : Path;

/** What stands in a placeholder of a path. */
export type PathValue = string | number;

/** Parameters of a call without a known route. */
export type AnyQuery = Readonly<Record<string, string | number | boolean | readonly (string | number)[] | undefined>>;

/** Who makes a call fills these in: nobody else may. */
type OwnName = 'company_id';

type NamesIn<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}` ? Name | NamesIn<Rest> : never;

type ParamsOf<Path extends string> = string extends Path
  ? { readonly params?: Readonly<Record<string, PathValue>> }
  : [Exclude<NamesIn<Path>, OwnName>] extends [never]
    ? { readonly params?: Readonly<Record<string, never>> }
    : { readonly params: { readonly [Name in Exclude<NamesIn<Path>, OwnName>]: PathValue } };

type RouteOf<Method extends string, Path extends string> = `${Method} ${Path}` extends keyof PlatformRoutes
  ? PlatformRoutes[`${Method} ${Path}`]
  : unknown;

type QueryOf<Route> = Route extends { query: infer Query }
  ? Partial<Query> extends Query
    ? { readonly query?: Query }
    : { readonly query: Query }
  : { readonly query?: AnyQuery };

type BodyOf<Method extends string, Route> = Method extends 'GET'
  ? unknown
  : Route extends { body: infer Body }
    ? { readonly body: Body }
    : { readonly body?: unknown };

type OptionsOf<Method extends string, Path extends string> = {
  readonly headers?: Readonly<Record<string, string>>;
} & ParamsOf<Path> &
  QueryOf<RouteOf<Method, Path>> &
  BodyOf<Method, RouteOf<Method, Path>>;

/** What follows the path: options, required where a parameter or a body of the route is. */
export type CallArguments<Method extends string, Path extends string> =
  Partial<OptionsOf<Method, Path>> extends OptionsOf<Method, Path>
    ? [options?: OptionsOf<Method, Path>]
    : [options: OptionsOf<Method, Path>];

/**
 * What a known route answers; else what the caller says, by a type argument or the type of what it is assigned to; else
 * unknown. With a type argument the path counts as any text.
 */
export type AnswerOf<Method extends string, Path extends string, Body> =
  RouteOf<Method, Path> extends { answer: infer Answer } ? Answer : [Body] extends [Documented] ? unknown : Body;
