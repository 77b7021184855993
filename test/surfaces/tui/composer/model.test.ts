import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { typed, withEdit } from '../../../../src/surfaces/tui/composer/edits.ts';
import { EMPTY_COMPOSER, sentText } from '../../../../src/surfaces/tui/composer/index.ts';

/** A text as a list of characters with a cursor: the plainest thing that a composer can be compared with. */
interface Model {
  readonly text: readonly string[];
  readonly at: number;
}

type Step = readonly [name: string, apply: (model: Model) => Model];

const start = ({ text, at }: Model) => text.slice(0, at).lastIndexOf('\n') + 1;
const end = ({ text, at }: Model) => {
  const found = text.indexOf('\n', at);
  return found === -1 ? text.length : found;
};
const without = ({ text }: Model, from: number, to: number): Model => ({
  text: [...text.slice(0, from), ...text.slice(to)],
  at: from,
});

const EDITS: readonly Step[] = [
  ['left', (m) => ({ ...m, at: Math.max(0, m.at - 1) })],
  ['right', (m) => ({ ...m, at: Math.min(m.text.length, m.at + 1) })],
  ['text_start', (m) => ({ ...m, at: 0 })],
  ['text_end', (m) => ({ ...m, at: m.text.length })],
  ['newline', (m) => ({ text: [...m.text.slice(0, m.at), '\n', ...m.text.slice(m.at)], at: m.at + 1 })],
  ['delete_back', (m) => (m.at === 0 ? m : without(m, m.at - 1, m.at))],
  ['delete_forward', (m) => (m.at === m.text.length ? m : without(m, m.at, m.at + 1))],
  ['kill_to_start', (m) => (start(m) === m.at ? without(m, Math.max(0, m.at - 1), m.at) : without(m, start(m), m.at))],
  ['kill_to_end', (m) => without(m, m.at, end(m) === m.at ? Math.min(m.text.length, m.at + 1) : end(m))],
];

const typedText = fc.stringMatching(/^[a-z. ]{1,6}$/);
const step = fc.oneof(
  fc.constantFrom(...EDITS).map(([name, apply]) => ({ name, text: null, apply })),
  typedText.map((text) => ({
    name: 'type',
    text,
    apply: (m: Model): Model => ({
      text: [...m.text.slice(0, m.at), ...text, ...m.text.slice(m.at)],
      at: m.at + text.length,
    }),
  })),
);

test('the composer does to a text what the same edits do to a plain list of characters, and undo takes all of it back', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 30 }), (steps, width) => {
      let composer = EMPTY_COMPOSER;
      let model: Model = { text: [], at: 0 };
      for (const { name, text, apply } of steps) {
        composer = text === null ? withEdit(composer, name as 'left', width) : typed(composer, text);
        model = apply(model);
        expect(sentText(composer.draft.atoms)).toBe(model.text.join(''));
        expect(composer.draft.cursor).toBe(model.at);
      }
      const last = sentText(composer.draft.atoms);
      let undone = composer;
      for (let at = 0; at < 200; at += 1) undone = withEdit(undone, 'undo', width);
      expect(sentText(undone.draft.atoms)).toBe('');
      for (let at = 0; at < 200; at += 1) undone = withEdit(undone, 'redo', width);
      expect(sentText(undone.draft.atoms)).toBe(last);
    }),
    { numRuns: 300 },
  );
});

test('what was killed is put back by a yank, and kills that follow each other are one', () => {
  let composer = typed(EMPTY_COMPOSER, 'one two three');
  composer = withEdit(withEdit(composer, 'delete_word_back', 80), 'delete_word_back', 80);
  expect(sentText(composer.draft.atoms)).toBe('one ');
  expect(sentText(withEdit(composer, 'yank', 80).draft.atoms)).toBe('one two three');
});

test.each([
  ['👨‍👩‍👧x', 'delete_back', '👨‍👩‍👧'],
  ['e\u0301', 'delete_back', ''],
  ['日本', 'delete_back', '日'],
] as const)('one grapheme is one step: %s', (text, edit, left) => {
  expect(sentText(withEdit(typed(EMPTY_COMPOSER, text), edit, 80).draft.atoms)).toBe(left);
});

test('Up and Down keep the column over shorter rows, at soft wraps too', () => {
  let composer = typed(EMPTY_COMPOSER, 'abcdefgh');
  for (const edit of ['newline'] as const) composer = withEdit(composer, edit, 80);
  composer = typed(composer, 'xy');
  composer = withEdit(composer, 'newline', 80);
  composer = typed(composer, 'ABCDEFGH');
  composer = withEdit(withEdit(composer, 'left', 80), 'up', 80);
  expect(composer.draft.cursor).toBe('abcdefgh\nxy'.length);
  expect(withEdit(composer, 'up', 80).draft.cursor).toBe('abcdefg'.length);
});
