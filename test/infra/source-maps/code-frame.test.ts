import { expect, test } from 'vitest';
import { authorsPlace } from '../../../infra/source-maps/code-frame.ts';

const placeIn = (...files: string[]) => authorsPlace(files.map((file) => ({ file, line: 1, column: 1 })))?.file;

test('the place that is shown is the author’s before the function that called it, and that before what both use', () => {
  const runtime = 'functions/runtime/own-settings.ts';
  expect(placeIn(runtime, 'functions/worker.ts', 'functions/app/nightly.ts')).toBe('functions/app/nightly.ts');
  expect(placeIn(runtime, 'functions/worker.ts', 'shared/background/work.ts')).toBe('functions/worker.ts');
  expect(placeIn('node_modules/jose/index.js', runtime)).toBe(runtime);
  expect(placeIn('node_modules/jose/index.js')).toBe('node_modules/jose/index.js');
});
