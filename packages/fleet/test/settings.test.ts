import { expect, test } from 'vitest';
import { numberIn, SettingError, wordsIn } from '../src/settings.ts';

test.each([
  ['9081', 9_081],
  ['0', 0],
  ['', 7],
  [undefined, 7],
])('a number of %j is %d', (PORT, value) => {
  expect(numberIn({ PORT }, 'PORT', 7)).toBe(value);
});

test.each(['-1', '1.5', 'x', '1e99', '8 0', 'NaN', 'Infinity'])('a setting that is no number is named: %j', (PORT) => {
  const read = () => numberIn({ PORT }, 'PORT', 7);
  expect(read).toThrow(SettingError);
  expect(read).toThrow(/^PORT: /);
});

test.each([
  [undefined, []],
  ['', []],
  [' , ,', []],
  ['a', ['a']],
  ['a,b\n c,', ['a', 'b', 'c']],
])('the words of %j are %j', (text, words) => {
  expect(wordsIn(text)).toEqual(words);
});
