import { expect, test } from 'vitest';
import { ownValue } from '../../../src/foundation/util/index.ts';

test.each(['constructor', 'toString', 'valueOf', 'hasOwnProperty', '__proto__', '__defineGetter__', ''])(
  'nothing is under a name that nobody gave: %j',
  (name) => {
    expect(ownValue({}, name)).toBeUndefined();
    expect(ownValue({ other: 1 }, name)).toBeUndefined();
  },
);

test('what was given is found, under such a name too', () => {
  expect(ownValue(Object.fromEntries([['__proto__', 1]]), '__proto__')).toBe(1);
  expect(ownValue({ constructor: 2 }, 'constructor')).toBe(2);
  expect(ownValue({ none: null }, 'none')).toBeNull();
});
