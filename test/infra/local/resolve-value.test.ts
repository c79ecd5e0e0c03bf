import { expect, test } from 'vitest';
import { resolveText, resolveValue } from '../../../infra/local/template/resolve-value.ts';

const references = {
  ref: (name: string) => ({ Table: 'table-1', 'AWS::Region': 'us-east-1' })[name],
  attribute: (id: string, attribute: string) => (id === 'Table' && attribute === 'Arn' ? 'arn:table' : undefined),
};
const text = (value: unknown) => resolveText(value, 'Fn.Environment.Variables.X', references);

test('the intrinsic functions of environment variables are evaluated, also inside each other', () => {
  expect(text({ Ref: 'AWS::Region' })).toBe('us-east-1');
  expect(text({ 'Fn::GetAtt': ['Table', 'Arn'] })).toBe('arn:table');
  expect(text({ 'Fn::GetAtt': 'Table.Arn' })).toBe('arn:table');
  expect(text({ 'Fn::Join': ['/', ['a', { Ref: 'Table' }, 3]] })).toBe('a/table-1/3');
  expect(text({ 'Fn::Select': ['1', { 'Fn::Split': [':', { 'Fn::GetAtt': ['Table', 'Arn'] }] }] })).toBe('table');
  expect(text({ 'Fn::Sub': `\${Table} \${Table.Arn} \${!literal}` })).toBe(`table-1 arn:table \${literal}`);
  expect(text({ 'Fn::Sub': [`\${own}-\${AWS::Region}`, { own: { Ref: 'Table' } }] })).toBe('table-1-us-east-1');
  expect(resolveValue([{ a: { Ref: 'Table' } }], 'X', references)).toEqual([{ a: 'table-1' }]);
});

test('what is not known is told with its resource and property', () => {
  expect(() => text({ 'Fn::ImportValue': 'x' })).toThrow(/Fn\.Environment\.Variables\.X uses Fn::ImportValue/);
  expect(() => text({ Ref: 'Nothing' })).toThrow(/Fn\.Environment\.Variables\.X refers to Nothing/);
  expect(() => text({ 'Fn::GetAtt': ['Table', 'StreamArn'] })).toThrow(/refers to Table\.StreamArn/);
  expect(() => text({ a: 1 })).toThrow(/is not text/);
});
