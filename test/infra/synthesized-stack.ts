import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import type { Bundles } from '../../infra/bundle/bundle.ts';
import { ExtensionStack } from '../../infra/extension-stack.ts';
import { firewallRegion } from '../../infra/firewall-region.ts';
import { entriesOf } from '../../infra/functions.ts';
import { FirewallStack } from '../../infra/resources/firewall.ts';
import type { OwnResources } from '../../infra/resources/own-resources.ts';
import { stackName } from '../../infra/stack-name.ts';
import { type ExtensionInput } from '../../shared/config.ts';
import { parseExtension } from '../../shared/parse-extension.ts';

export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DependsOn?: readonly string[];
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

export interface Synthesized {
  readonly app: App;
  readonly stack: ExtensionStack;
  readonly template: Template;
  /** Of the firewall; undefined where nothing is in front. */
  readonly firewall: Template | undefined;
  /** Resources by logical id. */
  readonly resources: Readonly<Record<string, Resource>>;
}

export const sample: ExtensionInput = {
  name: 'Test Lens',
  scopes: ['company/products'],
  api: {
    'GET /api/products': './test/extension/products.ts',
    'GET /api/products/application/{application_id}': './test/extension/products.ts',
  },
};

/** The sample with what storefronts and other servers call. */
export const calledSample: ExtensionInput = {
  ...sample,
  storefront: { 'GET /ext/wishlist/{id}': './test/extension/wishlist.ts' },
  calls: {
    'POST /pay/{company_id}/{application_id}': {
      handler: './test/extension/pay.ts',
      verify: 'checksum',
      company: 'body.company_id',
    },
    'POST /api/v1/paid/{company_id}': { handler: './test/extension/paid.ts', verify: 'none' },
  },
};

/** The sample with work that no person begins. */
export const busySample: ExtensionInput = {
  ...sample,
  webhooks: { notificationEmail: 'owner@example.com' },
  events: { 'company/product/update/v1': './test/extension/on-product-update.ts' },
  schedules: {
    nightly: { every: '1 day', handler: './test/extension/nightly.ts' },
    pulse: { every: '1 minute', handler: './functions/pulse.ts' },
  },
};

/** The sample with events that another account sends to a queue and a bus of the stack. */
export const receivingSample: ExtensionInput = {
  ...sample,
  webhooks: { notificationEmail: 'owner@example.com' },
  events: {
    'company/product/update/v1': {
      provider: 'sqs',
      from: '123456789012',
      handler: './test/extension/on-product-update.ts',
    },
    'company/product/delete/v1': {
      provider: 'event_bridge',
      from: '123456789012',
      handler: './test/extension/on-product-update.ts',
    },
  },
};

/** The stack as it is deployed, except that a stand-in takes the place of every bundle. */
export function synthesizedStack(
  options: {
    readonly extension?: ExtensionInput;
    readonly baseUrl?: string;
    /** Of those that the configuration names. */
    readonly stage?: string;
    readonly region?: string;
    /** Of the CDK, on top of cdk.json's. */
    readonly context?: Readonly<Record<string, string>>;
    readonly addOwnResources?: (own: OwnResources) => void;
  } = {},
): Synthesized {
  const temporary = mkdtempSync(join(tmpdir(), 'stack-test-'));
  const directory = join(temporary, 'bundle');
  try {
    mkdirSync(directory);
    writeFileSync(join(directory, 'index.js'), 'exports.handler = () => {};');
    const extension = parseExtension(options.extension ?? sample, undefined, options.stage);
    const bundles: Bundles = new Map(
      entriesOf(extension).map((entry) => [entry, { directory, bytes: 0, digest: '', inputs: [] }]),
    );
    const app = new App({
      outdir: join(temporary, 'cdk.out'),
      analyticsReporting: false,
      context: { ...JSON.parse(readFileSync('cdk.json', 'utf8')).context, ...options.context },
      builtinCloudFormationValidation: false,
    });
    const name = stackName(extension, undefined);
    const firewall = extension.edge
      ? new FirewallStack(app, 'Firewall', {
          stackName: `${name}-firewall`,
          env: { region: firewallRegion },
          extension,
        })
      : undefined;
    const stack = new ExtensionStack(app, 'Extension', {
      stackName: name,
      env: { region: options.region ?? 'ap-south-1' },
      extension,
      bundles,
      baseUrl: options.baseUrl,
      edge: firewall && { firewallArn: firewall.arn, files: [{ type: 'text/css; charset=utf-8', directory }] },
    });
    const { functions, worker, live, api } = stack;
    options.addOwnResources?.({ stack, functions, worker, live, api, extension });
    const template = Template.fromStack(stack);
    const resources: Synthesized['resources'] = template.toJSON().Resources;
    return { app, stack, template, firewall: firewall && Template.fromStack(firewall), resources };
  } finally {
    rmSync(temporary, { recursive: true });
  }
}

/** The resources of one type, by their logical id without the digest at its end. */
export function ofType(resources: Synthesized['resources'], type: string): Map<string, Resource> {
  return new Map(
    Object.entries(resources)
      .filter(([, resource]) => resource.Type === type)
      .map(([logicalId, resource]) => [readable(logicalId), resource]),
  );
}

/** The resource of a type of which there is one. */
export function single(resources: Synthesized['resources'], type: string): Resource {
  const [found, ...others] = ofType(resources, type).values();
  if (found === undefined || others.length > 0) throw new Error(`There is not exactly one ${type}.`);
  return found;
}

function readable(logicalId: string): string {
  return logicalId.replace(/[0-9A-F]{8}$/, '');
}

/** The logical id, without its digest, that a `Ref` or `Fn::GetAtt` is about, also within a longer text; else the value. */
export function target(value: unknown): string {
  if (typeof value === 'string') return value;
  const {
    Ref,
    'Fn::GetAtt': attribute,
    'Fn::Join': joined,
  } = Object(value) as { Ref?: string; 'Fn::GetAtt'?: [string, string]; 'Fn::Join'?: [string, unknown[]] };
  if (joined !== undefined) return joined[1].map(target).join(joined[0]);
  const logicalId = Ref ?? attribute?.[0];
  return logicalId === undefined ? JSON.stringify(value) : readable(logicalId);
}
