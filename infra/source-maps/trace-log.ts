import { existsSync } from 'node:fs';
import * as v from 'valibot';
import { StartError } from '../local/host/start-error.ts';
import { parseBuild, sourceMapPath } from './build.ts';
import { openSourceMap, resolvePlaces } from './resolve-places.ts';

/** Where Lambda puts a bundle. */
const deployedBundle = '/var/task/index.js';

/** Where the emulator puts it. */
const emulatedBundle = /(?<=\(|at (?:async )?|file:\/\/)\/[^():]*\/ministack-lambda-[^():/]+\/code\/index\.js(?=:\d)/g;

const lineSchema = v.looseObject({ at: v.array(v.string()), build: v.string() });
type Line = v.InferOutput<typeof lineSchema>;

/**
 * The errors in a log, each with its frames in the sources. Lines may have something in front of their JSON, as logs of
 * AWS have it; those that hold no error are passed over.
 * @throws {StartError} where there is no such line, or no source map of the build that wrote it.
 */
export function traceLog(log: string, assembly: string): string {
  const lines = log.split('\n').flatMap((text) => parseLine(text) ?? []);
  if (lines.length === 0) {
    throw new StartError(
      'No line holds the frames of an error: give a line of JSON with "at" and "build", as a deployed function wrote it.',
    );
  }
  return lines.map((line) => trace(line, assembly)).join('\n\n');
}

function parseLine(text: string): Line | undefined {
  const begin = text.indexOf('{');
  if (begin === -1) return undefined;
  try {
    return v.parse(lineSchema, JSON.parse(text.slice(begin)));
  } catch {
    return undefined;
  }
}

function trace(line: Line, assembly: string): string {
  const build = parseBuild(line.build);
  const path = build && sourceMapPath(assembly, build);
  if (build === undefined || path === undefined || !existsSync(path)) {
    throw new StartError(
      `${assembly} has no source map of the build ${line.build}: name the folder that was deployed from with --assembly, or check out that commit and run npm run synth.`,
    );
  }
  const findPlace = openSourceMap(path);
  const what = [line['error'] ?? line['code'], line['platform_status'], line['platform_request']];
  const which = [line['time'], line['route'] ?? line['kind'], line['request_id'] ?? line['message_id']];
  const words = (parts: readonly unknown[]) =>
    parts
      .filter((part) => ['string', 'number'].includes(typeof part))
      .map(String)
      .join(' ');
  return [
    `${words(what)} in ${build.file}  ${words(which)}`.trimEnd(),
    ...line.at
      .map((frame) => frame.replaceAll(emulatedBundle, deployedBundle))
      .map((frame) => `    ${resolvePlaces(frame, deployedBundle, findPlace)}`),
  ].join('\n');
}
