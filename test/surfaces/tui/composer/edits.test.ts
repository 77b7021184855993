import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { textWidth } from '../../../../src/surfaces/text/index.ts';
import {
  type Composer,
  cleared,
  draftOf,
  type Edit,
  EMPTY_COMPOSER,
  layoutOf,
  remembered,
  sentText,
  typed,
  visibleText,
  withDraft,
  withEarlier,
  withEdit,
} from '../../../../src/surfaces/tui/composer/index.ts';

const WIDTH = 40;

/** A composer with the text before and behind the bar, where its cursor is. */
function at(text: string): Composer {
  const [before = '', after = ''] = text.split('|');
  const atoms = [...draftOf(before).atoms, ...draftOf(after).atoms];
  return { ...EMPTY_COMPOSER, draft: { atoms, cursor: draftOf(before).atoms.length } };
}

function shown({ draft: { atoms, cursor } }: Composer): string {
  return `${visibleText(atoms.slice(0, cursor))}|${visibleText(atoms.slice(cursor))}`;
}

function keyed(text: string, ...edits: Edit[]): string {
  return shown(edits.reduce((composer, edit) => withEdit(composer, edit, WIDTH), at(text)));
}

describe('moves', () => {
  test.each<[string, Edit, string]>([
    ['a|b', 'left', '|ab'],
    ['|ab', 'left', '|ab'],
    ['a|b', 'right', 'ab|'],
    ['ab|', 'right', 'ab|'],
    ['e\u0301|x', 'left', '|e\u0301x'],
    ['|👨‍👩‍👧x', 'right', '👨‍👩‍👧|x'],
    ['one two|', 'word_left', 'one |two'],
    ['one   |', 'word_left', '|one   '],
    ['one, two|', 'word_left', 'one, |two'],
    ['one,|', 'word_left', 'one|,'],
    ['a.b()|', 'word_left', 'a.b|()'],
    ['|', 'word_left', '|'],
    ['|one two', 'word_right', 'one| two'],
    ['one| two', 'word_right', 'one two|'],
    ['|(one)', 'word_right', '(|one)'],
    ['one|', 'word_right', 'one|'],
    ['one\n|two', 'word_left', '|one\ntwo'],
    ['größe über|', 'word_left', 'größe |über'],
    ['漢字 かな|', 'word_left', '漢字 |かな'],
    ['one\ntw|o', 'line_start', 'one\n|two'],
    ['one\n|two', 'line_start', '|one\ntwo'],
    ['|one', 'line_start', '|one'],
    ['o|ne\ntwo', 'line_end', 'one|\ntwo'],
    ['one|\ntwo', 'line_end', 'one\ntwo|'],
    ['one|', 'line_end', 'one|'],
    ['one\n|\ntwo', 'line_start', '|one\n\ntwo'],
    ['a\nb|c', 'text_start', '|a\nbc'],
    ['|a\nbc', 'text_end', 'a\nbc|'],
  ])('%j: %s is %j', (before, edit, end) => {
    expect(keyed(before, edit)).toBe(end);
  });
});

describe('deletions', () => {
  test.each<[string, Edit, string]>([
    ['ab|', 'delete_back', 'a|'],
    ['|ab', 'delete_back', '|ab'],
    ['a👍🏽|b', 'delete_back', 'a|b'],
    ['a\n|b', 'delete_back', 'a|b'],
    ['|ab', 'delete_forward', '|b'],
    ['ab|', 'delete_forward', 'ab|'],
    ['one two|', 'delete_word_back', 'one |'],
    ['one two  |', 'delete_word_back', 'one |'],
    ['|one', 'delete_word_back', '|one'],
    ['|one two', 'delete_word_forward', '| two'],
    ['one| two', 'delete_word_forward', 'one|'],
    ['one|', 'delete_word_forward', 'one|'],
    ['one two|', 'kill_to_start', '|'],
    ['one\ntwo|', 'kill_to_start', 'one\n|'],
    ['one\n|two', 'kill_to_start', 'one|two'],
    ['|one', 'kill_to_start', '|one'],
    ['|one\ntwo', 'kill_to_end', '|\ntwo'],
    ['one|\ntwo', 'kill_to_end', 'one|two'],
    ['one|', 'kill_to_end', 'one|'],
    ['|', 'newline', '\n|'],
    ['a|b', 'newline', 'a\n|b'],
  ])('%j: %s leaves %j', (before, edit, end) => {
    expect(keyed(before, edit)).toBe(end);
  });
});

describe('killed text', () => {
  test('comes back where the cursor is', () => {
    expect(keyed('one two|', 'delete_word_back', 'text_start', 'yank')).toBe('two|one ');
  });

  test('of kills that follow each other comes back as one, in the order of the text', () => {
    expect(keyed('one two three|', 'delete_word_back', 'delete_word_back', 'yank')).toBe('one two three|');
    expect(keyed('|one two', 'delete_word_forward', 'delete_word_forward', 'yank')).toBe('one two|');
    expect(keyed('one| two', 'kill_to_end', 'kill_to_start', 'yank')).toBe('one two|');
  });

  test('of kills with a move between them stays apart', () => {
    const edits: Edit[] = ['delete_word_back', 'left', 'right', 'delete_word_back'];
    expect(keyed('one two|', ...edits, 'yank')).toBe('one |');
    expect(keyed('one two|', ...edits, 'yank', 'yank_earlier')).toBe('two|');
    expect(keyed('one two|', ...edits, 'yank', 'yank_earlier', 'yank_earlier')).toBe('one |');
  });

  test('is there for one yank after another only right behind a yank', () => {
    expect(keyed('one|', 'delete_word_back', 'yank', 'left', 'yank_earlier')).toBe('on|e');
    expect(keyed('one|', 'yank', 'yank_earlier')).toBe('one|');
  });

  test('is not what single deletions took', () => {
    expect(keyed('one|', 'delete_back', 'yank')).toBe('on|');
  });
});

describe('undo', () => {
  test('takes back all that was typed in one go, and redo brings it back', () => {
    const written = ['o', 'n', 'e'].reduce(typed, EMPTY_COMPOSER);
    const undone = withEdit(written, 'undo', WIDTH);
    expect([shown(undone), shown(withEdit(undone, 'redo', WIDTH))]).toEqual(['|', 'one|']);
  });

  test('takes back deletions in one go, and what was typed before them in another', () => {
    const written = typed(EMPTY_COMPOSER, 'one');
    const cut = ['delete_back', 'delete_back'].reduce((composer) => withEdit(composer, 'delete_back', WIDTH), written);
    expect(shown(withEdit(cut, 'undo', WIDTH))).toBe('one|');
    expect(shown(withEdit(withEdit(cut, 'undo', WIDTH), 'undo', WIDTH))).toBe('|');
  });

  test('starts a new step behind a move', () => {
    const one = typed(EMPTY_COMPOSER, 'a');
    const two = typed(withEdit(withEdit(one, 'left', WIDTH), 'right', WIDTH), 'b');
    expect(shown(withEdit(two, 'undo', WIDTH))).toBe('a|');
  });

  test('of nothing, and redo of nothing, leave all as it is', () => {
    expect(keyed('a|b', 'undo')).toBe('a|b');
    expect(keyed('a|b', 'redo')).toBe('a|b');
  });

  test('is forgotten by redo once something else is written', () => {
    const undone = withEdit(typed(typed(EMPTY_COMPOSER, 'a'), '\n'), 'undo', WIDTH);
    expect(shown(withEdit(typed(undone, 'b'), 'redo', WIDTH))).toBe('b|');
  });
});

describe('up and down', () => {
  test.each<[string, Edit[], string]>([
    ['one\ntwo|', ['up'], 'one|\ntwo'],
    ['a\nlong line|', ['up'], 'a|\nlong line'],
    ['long\na\nline|', ['up', 'up'], 'long|\na\nline'],
    ['one\nt|wo', ['up'], 'o|ne\ntwo'],
    ['o|ne\ntwo', ['down'], 'one\nt|wo'],
    ['on|e', ['up'], '|one'],
    ['o|ne', ['down'], 'one|'],
    ['漢字\nabc|', ['up'], '漢|字\nabc'],
    ['abc\n漢字|', ['up'], 'abc|\n漢字'],
  ])('%j with %j is %j', (before, edits, end) => {
    expect(keyed(before, ...edits)).toBe(end);
  });

  test('keep their column over shorter lines', () => {
    expect(keyed('abcdef\nab\nabcde|f', 'up', 'up')).toBe('abcde|f\nab\nabcdef');
    expect(keyed('abcdef\nab\nabcde|f', 'up', 'left', 'up')).toBe('a|bcdef\nab\nabcdef');
  });

  test('go by the rows of the screen where a line wraps', () => {
    const composer = at('one two three|');
    expect(shown(withEdit(composer, 'up', 8))).toBe('one t|wo three');
  });
});

describe('what was written before', () => {
  const withHistory = ['first', 'second'].reduce(
    (composer, text) => remembered(composer, draftOf(text).atoms),
    EMPTY_COMPOSER,
  );
  const walk = (composer: Composer, ...edits: Edit[]) =>
    shown(edits.reduce((next, edit) => withEdit(next, edit, WIDTH), composer));

  test('comes back with Up from an empty draft, and goes with Down', () => {
    expect(walk(withHistory, 'up')).toBe('|second');
    expect(walk(withHistory, 'up', 'up')).toBe('|first');
    expect(walk(withHistory, 'up', 'up', 'up')).toBe('|first');
    expect(walk(withHistory, 'up', 'up', 'down')).toBe('|second');
    expect(walk(withHistory, 'up', 'up', 'down', 'down')).toBe('|');
    expect(walk(withHistory, 'down')).toBe('|');
  });

  test('never takes the place of a draft, nor of an entry that was changed or entered', () => {
    expect(walk(typed(withHistory, 'mine'), 'up')).toBe('|mine');
    const changed = typed(withEdit(withHistory, 'up', WIDTH), 'x');
    expect(walk(changed, 'up')).toBe('|xsecond');
    expect(walk(withHistory, 'up', 'right', 'up')).toBe('|second');
  });

  test('is added once where it is repeated', () => {
    const twice = remembered(withHistory, draftOf('second').atoms);
    expect(twice.history).toHaveLength(2);
    expect(remembered(twice, draftOf('first').atoms).history).toHaveLength(3);
  });

  test('is what was cleared, and undo brings that back too', () => {
    const gone = cleared(at('half a thought|'));
    expect(shown(gone)).toBe('|');
    expect(walk(gone, 'up')).toBe('|half a thought');
    expect(walk(gone, 'undo')).toBe('half a thought|');
    expect(cleared(at('  |')).history).toEqual([]);
  });

  test('of earlier sessions comes before that of this one, also while it is looked at', () => {
    const earlier = withEarlier(withEdit(withHistory, 'up', WIDTH), ['oldest', 'old']);
    expect(walk(earlier)).toBe('|second');
    expect(walk(earlier, 'up', 'up', 'up')).toBe('|oldest');
  });
});

const EDITS: readonly Edit[] = [
  ...(['newline', 'left', 'right', 'word_left', 'word_right', 'up', 'down', 'line_start', 'line_end'] as const),
  ...(['text_start', 'text_end', 'delete_back', 'delete_forward', 'delete_word_back', 'delete_word_forward'] as const),
  ...(['kill_to_start', 'kill_to_end', 'yank', 'yank_earlier', 'undo', 'redo'] as const),
];
const key = fc.oneof(
  fc.constantFrom(...EDITS).map((edit) => ({ edit, text: '' })),
  fc.constantFrom('a', ' ', 'word ', '漢', '👍🏽', '\u0301', '\n', '.').map((text) => ({ edit: null, text })),
);

function pressed(
  composer: Composer,
  { edit, text }: { readonly edit: Edit | null; readonly text: string },
  width: number,
) {
  return edit === null ? typed(composer, text) : withEdit(composer, edit, width);
}

test('whatever is pressed, the cursor is in the text and on the screen, and the rows are the text', () => {
  fc.assert(
    fc.property(fc.array(key, { maxLength: 40 }), fc.integer({ min: 2, max: 20 }), (keys, width) => {
      const composer = keys.reduce((next, one) => pressed(next, one, width), EMPTY_COMPOSER);
      const { draft } = composer;
      expect(draft.cursor).toBeGreaterThanOrEqual(0);
      expect(draft.cursor).toBeLessThanOrEqual(draft.atoms.length);
      const { rows, row, column } = layoutOf(draft, width);
      expect(rows[row]).toBeDefined();
      expect(column).toBeLessThan(width);
      const texts = rows.map(({ from, to }) => visibleText(draft.atoms.slice(from, to)));
      for (const text of texts) expect(textWidth(text.trimEnd())).toBeLessThanOrEqual(width);
      expect(texts.join('').replaceAll('\n', '')).toBe(visibleText(draft.atoms).replaceAll('\n', ''));
    }),
  );
});

test('undo leads back to the empty draft and redo to the last one', () => {
  fc.assert(
    fc.property(fc.array(key, { maxLength: 30 }), (keys) => {
      const typedOnly = keys.filter(({ edit }) => edit !== 'undo' && edit !== 'redo');
      const composer = typedOnly.reduce((next, one) => pressed(next, one, WIDTH), EMPTY_COMPOSER);
      let back = composer;
      for (let step = 0; step < 60; step += 1) back = withEdit(back, 'undo', WIDTH);
      expect(sentText(back.draft.atoms)).toBe('');
      let forth = back;
      for (let step = 0; step < 60; step += 1) forth = withEdit(forth, 'redo', WIDTH);
      expect(sentText(forth.draft.atoms)).toBe(sentText(composer.draft.atoms));
    }),
  );
});

test('what is killed and put back is the text again', () => {
  const kill = fc.constantFrom<Edit>('kill_to_start', 'kill_to_end', 'delete_word_back', 'delete_word_forward');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(30), kill, (text, cursor, edit) => {
      const { atoms } = draftOf(text);
      const composer = { ...EMPTY_COMPOSER, draft: { atoms, cursor: Math.min(cursor, atoms.length) } };
      const cut = withEdit(composer, edit, WIDTH);
      if (cut.kills.length === 0) expect(cut.draft.atoms).toEqual(atoms);
      else expect(sentText(withEdit(cut, 'yank', WIDTH).draft.atoms)).toBe(sentText(atoms));
    }),
  );
});

test('a draft can be replaced, and undo brings the one before back', () => {
  const other = withDraft(at('mine|'), draftOf('theirs'));
  expect([shown(other), shown(withEdit(other, 'undo', WIDTH))]).toEqual(['theirs|', 'mine|']);
});
