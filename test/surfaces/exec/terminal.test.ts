import { expect, test } from 'vitest';
import { wantsColour } from '../../../src/surfaces/exec/index.ts';

const TERM = 'xterm-256color';

test.each<[string, Record<string, string>, boolean, boolean]>([
  ['a terminal', { TERM }, true, true],
  ['a pipe', { TERM }, false, false],
  ['a dumb terminal', { TERM: 'dumb' }, true, false],
  ['a terminal without a name', {}, true, false],
  ['NO_COLOR', { TERM, NO_COLOR: '1' }, true, false],
  ['an empty NO_COLOR', { TERM, NO_COLOR: '' }, true, true],
  ['FORCE_COLOR in a pipe', { FORCE_COLOR: '1' }, false, true],
  ['FORCE_COLOR against NO_COLOR', { TERM, FORCE_COLOR: 'true', NO_COLOR: '1' }, true, true],
  ['an empty FORCE_COLOR', { FORCE_COLOR: '' }, false, true],
  ['FORCE_COLOR=0', { TERM, FORCE_COLOR: '0' }, true, false],
  ['FORCE_COLOR=false', { TERM, FORCE_COLOR: 'false' }, true, false],
])('colours: %s', (_, env, isTerminal, expected) => {
  expect(wantsColour(env, isTerminal)).toBe(expected);
});
