import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeEdgeFiles } from '../../../infra/bundle/edge-files.ts';
import { frontEnd } from '../../functions/fixture/front-end.ts';

test('CloudFront takes what carries a digest, by its type; documents and all else are left to the function', () => {
  const directory = mkdtempSync(join(tmpdir(), 'edge-files-'));
  try {
    const page = frontEnd({
      'index.html': '<p>',
      'favicon.ico': 'icon',
      'assets/index-Ctd4GNbW.js': 'one',
      'assets/deep/chunk-Ctd4GNbW.js': 'two',
      'assets/index-Ctd4GNbW.css': 'three',
      'assets/logo-Ctd4GNbW.svg': '<svg/>',
      'assets/other-Ctd4GNbW.html': '<p>',
    });
    const groups = writeEdgeFiles({ page }, directory);
    const written = groups.map(({ type, directory: home }) => [
      type,
      Object.fromEntries(
        readdirSync(home, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map(({ parentPath, name }) => [name, readFileSync(join(parentPath, name), 'utf8')]),
      ),
    ]);
    expect(Object.fromEntries(written)).toEqual({
      'text/javascript; charset=utf-8': { 'index-Ctd4GNbW.js': 'one', 'chunk-Ctd4GNbW.js': 'two' },
      'text/css; charset=utf-8': { 'index-Ctd4GNbW.css': 'three' },
    });
    expect(new Set(groups.map(({ directory: home }) => home)).size).toBe(2);
    expect(readdirSync(join(groups[0]?.directory ?? '', 'assets'), { recursive: true }).length).toBeGreaterThan(0);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('an extension without a front end has none', () => {
  expect(writeEdgeFiles({ page: undefined }, '/nowhere')).toEqual([]);
});
