import type { StackProps } from 'aws-cdk-lib';
import { ConfigurationError, type Extension, parseOrigin } from '../shared/config.ts';

/** The tag by which a stack tells which stage it is: in bills, and to who deploys another one. */
export const stageTag = 'stage';

/** What the stage decides for every stack of it; nothing where there is none. */
export function stackPropsOf({ stage }: Pick<Extension, 'stage'>): StackProps {
  return stage === undefined ? {} : { terminationProtection: stage.protected, tags: { [stageTag]: stage.name } };
}

/**
 * Origin of the extension as browsers see it, from the stage or, where there is none, from what is given; undefined: the API's own.
 * @throws {ConfigurationError} where that is no origin, or a stage has another one.
 */
export function baseUrlOf({ stage }: Pick<Extension, 'stage'>, given: unknown): string | undefined {
  if (given === undefined || given === '') return stage?.baseUrl;
  const origin = typeof given === 'string' ? parseOrigin(given) : undefined;
  if (origin === undefined) {
    throw new ConfigurationError(
      'EXTENSION_BASE_URL must be an https origin without a path, such as "https://extension.example.com" (http only for loopback).',
    );
  }
  if (stage === undefined || origin === stage.baseUrl) return origin;
  // Another stage's, from a shell or from before there were stages.
  throw new ConfigurationError(
    `EXTENSION_BASE_URL names ${origin}, the stage ${stage.name} ${stage.baseUrl === undefined ? 'has no baseUrl' : `has ${stage.baseUrl}`}: take it out of the environment and of cdk.json, or change stages.${stage.name}.baseUrl.`,
  );
}
