import { expect, test } from 'vitest';
import { nearestName } from '../../../../src/foundation/util/index.ts';

test.each([
  ['exce', 'exec'],
  ['resum', 'resume'],
  ['threads', 'threads'],
  ['review please', null],
  ['', null],
])('%j is near to %j', (mistyped, expected) => {
  expect(nearestName(mistyped, ['exec', 'resume', 'threads', 'review'])).toBe(expected);
});

test('the nearest of several counts, and more edits than allowed are none', () => {
  expect(nearestName('cone', ['core', 'cones', 'clone'], 1)).not.toBeNull();
  expect(nearestName('model_reasoning_efort', ['model', 'model_reasoning_effort'], 5)).toBe('model_reasoning_effort');
  expect(nearestName('ab', ['xyz'])).toBeNull();
});
