import { expect, test } from 'vitest';
import { mergeJson } from '../../../infra/commands/template/merge-json.ts';

const base = {
  name: 'template',
  version: '1.0.0',
  dependencies: { alpha: '1.0.0', beta: '1.0.0', old: '1.0.0' },
  list: [1],
};

test('what one side changed, added or removed is in the merged file', () => {
  const ours = { ...base, dependencies: { alpha: '1.0.0', beta: '1.0.0', mine: '2.0.0', old: '1.0.0' } };
  const theirs = { ...base, dependencies: { alpha: '1.1.0', beta: '1.0.0', new: '3.0.0' }, scripts: { start: 'x' } };
  expect(mergeJson(base, ours, theirs)).toEqual({
    merged: {
      ...base,
      dependencies: { alpha: '1.1.0', beta: '1.0.0', mine: '2.0.0', new: '3.0.0' },
      scripts: { start: 'x' },
    },
    overruled: [],
  });
});

test('dependencies are in the order of their names, as npm writes them', () => {
  const { merged } = mergeJson(
    { dependencies: { b: '1' } },
    { dependencies: { b: '1', a: '1' } },
    { dependencies: { b: '1', c: '1' } },
  );
  expect(Object.keys((merged as { dependencies: object }).dependencies)).toEqual(['a', 'b', 'c']);
});

test('where both changed one field, the template’s value stands and is told; the extension keeps its name', () => {
  const ours = {
    ...base,
    name: 'mine',
    version: '7.0.0',
    dependencies: { ...base.dependencies, beta: '9.0.0' },
    list: [1, 2],
  };
  const theirs = {
    ...base,
    name: 'other',
    version: '1.1.0',
    dependencies: { ...base.dependencies, beta: '1.2.0' },
    list: [3],
  };
  expect(mergeJson(base, ours, theirs)).toEqual({
    merged: {
      ...base,
      name: 'mine',
      version: '7.0.0',
      dependencies: { ...base.dependencies, beta: '1.2.0' },
      list: [3],
    },
    overruled: ['dependencies.beta', 'list'],
  });
});

test('what one side removed and the other changed is told, too', () => {
  const { dependencies, ...without } = base;
  expect(mergeJson(base, without, { ...base, dependencies: { ...dependencies, beta: '2.0.0' } }).overruled).toEqual([
    'dependencies',
  ]);
});
