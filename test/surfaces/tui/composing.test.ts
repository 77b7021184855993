import { describe, expect, test } from 'vitest';
import { Driver } from './driver.ts';

describe('pastes', () => {
  test('10: a paste of 1,001 characters is an element; two of one length are both sent whole', () => {
    const driver = Driver.ready();
    driver.paste('a'.repeat(1_001));
    driver.paste('b'.repeat(1_001));
    expect(driver.draft()).toBe('[Pasted Content 1001 chars][Pasted Content 1001 chars]');
    driver.key('enter');
    expect(driver.sent()).toEqual(['a'.repeat(1_001) + 'b'.repeat(1_001)]);
  });

  test('11: a pasted line end is one new line and sends nothing; the path of an image attaches it', () => {
    const driver = Driver.ready();
    driver.paste('a\nb');
    expect(driver.draft()).toBe('a\nb');
    expect(driver.ops()).toEqual([]);
    driver.key('ctrl+c');
    for (const path of ['/p/a b.png'.replace(' ', '\\ '), "'/p/a b.png'", 'file:///p/a%20b.png']) {
      driver.pasteImage(path);
      expect(driver.draft()).toMatch(/^\[Image #\d+\] $/);
      expect(driver.state.composer.draft.atoms[0]).toMatchObject({ type: 'image', path: '/p/a b.png' });
      driver.key('ctrl+c');
    }
    driver.paste('two words.png and more');
    expect(driver.draft()).toBe('two words.png and more');
  });

  test('13: Backspace behind one of several images removes that one; each is sent as an image', () => {
    for (const [lefts, left, paths] of [
      [0, '[Image #1] [Image #2] ', ['/p/a.png', '/p/b.png']],
      [2, '[Image #1] [Image #3] ', ['/p/a.png', '/p/a.png']],
    ] as const) {
      const driver = Driver.ready();
      for (const path of ['/p/a.png', '/p/b.png', '/p/a.png']) driver.pasteImage(path);
      expect(driver.draft()).toBe('[Image #1] [Image #2] [Image #3] ');
      for (let at = 0; at < lefts; at += 1) driver.key('left');
      for (const _ of [1, 2]) driver.key('backspace');
      expect(driver.draft()).toBe(left);
      driver.key('enter');
      const images = paths.map((path) => ({ type: 'localImage', path }));
      expect(driver.ops()).toEqual([{ type: 'userInput', items: [...images, { type: 'text', text: left.trim() }] }]);
    }
  });

  test('the path of a file that is not there stays the text that it was pasted as', () => {
    const driver = Driver.ready();
    driver.paste('/p/gone.png');
    expect(driver.draft()).toBe('/p/gone.png');
    expect(driver.effects.at(-1)).toEqual({ type: 'findImage', path: '/p/gone.png', text: '/p/gone.png' });
  });

  test('an image that is found late takes the place of its path, between what was typed before and since', () => {
    const driver = Driver.ready();
    driver.type('see ');
    driver.paste('/p/a.png');
    driver.type(' now');
    driver.send({ type: 'imageFound', path: '/p/a.png', text: '/p/a.png' });
    driver.type('!');
    expect(driver.draft()).toBe('see [Image #1]  now!');
    driver.send({ type: 'imageFound', path: '/p/b.png', text: '/p/b.png' });
    expect(driver.draft()).toBe('see [Image #1]  now!');
    driver.key('ctrl+u');
    driver.paste('/p/a.png');
    driver.send({ type: 'imageFound', path: '/p/a.png', text: '/p/a.png' });
    expect(driver.draft()).toBe('[Image #2] ');
    driver.key('ctrl+_');
    expect(driver.draft()).toBe('/p/a.png');
  });

  test('a paste that looks like a command is text in the draft and runs nothing', () => {
    const driver = Driver.ready();
    driver.paste('/quit\n');
    expect(driver.effects.some(({ type }) => type === 'exit')).toBe(false);
    expect(driver.draft()).toBe('/quit\n');
  });
});

describe('history', () => {
  const withHistory = () => {
    const driver = Driver.ready();
    driver.send({ type: 'historyRead', texts: ['older', 'old'] });
    return driver;
  };

  test('14: Up never replaces a draft of one’s own; recall continues, and behind the newest is the empty draft', () => {
    const driver = withHistory();
    driver.type('mine');
    driver.key('up');
    expect(driver.draft()).toBe('mine');
    driver.key('ctrl+c');
    for (const key of ['up', 'up', 'up'] as const) driver.key(key);
    expect(driver.draft()).toBe('older');
    for (const _ of [1, 2]) driver.key('down');
    expect(driver.draft()).toBe('mine');
    driver.key('down');
    expect(driver.draft()).toBe('');
  });

  test('14: a draft that Ctrl-C cleared comes back with Up, its elements too', () => {
    const driver = withHistory();
    driver.paste('x'.repeat(2_000));
    driver.pasteImage('/p/a.png');
    driver.key('ctrl+c');
    expect(driver.draft()).toBe('');
    driver.key('up');
    expect(driver.draft()).toBe('[Pasted Content 2000 chars][Image #1] ');
    driver.key('enter');
    expect(driver.sent()).toEqual([`<localImage>${'x'.repeat(2_000)}[Image #1]`]);
  });

  test('Ctrl-R finds what was written before and puts it into the draft', () => {
    const driver = withHistory();
    driver.key('ctrl+r');
    driver.type('older');
    expect(driver.live().join('\n')).toContain('older');
    driver.key('enter');
    expect(driver.draft()).toBe('older');
  });
});

describe('names that are completed', () => {
  test('15: only the token under the cursor is replaced, and a path with blanks is quoted', () => {
    const driver = Driver.ready();
    driver.type('see @one and @tw');
    driver.send({ type: 'filesFound', query: 'tw', files: [{ text: 'a b/two.ts', detail: '' }] });
    driver.key('enter');
    expect(driver.draft()).toBe('see @one and "a b/two.ts" ');
    expect(driver.ops()).toEqual([]);
    const other = Driver.ready();
    other.type('see @on and @two');
    for (let at = ' and @two'.length; at > 0; at -= 1) other.key('left');
    other.type('e');
    other.send({ type: 'filesFound', query: 'one', files: [{ text: 'src/one.ts', detail: '' }] });
    other.key('tab');
    expect(other.draft()).toBe('see src/one.ts  and @two');
  });

  test('16: results for an older query never replace newer ones', () => {
    const driver = Driver.ready();
    driver.type('@ab');
    driver.send({ type: 'filesFound', query: 'a', files: [{ text: 'stale.ts', detail: '' }] });
    expect(driver.live().join('\n')).not.toContain('stale.ts');
    driver.send({ type: 'filesFound', query: 'ab', files: [{ text: 'ab.ts', detail: '' }] });
    driver.send({ type: 'filesFound', query: 'a', files: [{ text: 'stale.ts', detail: '' }] });
    expect(driver.live().join('\n')).toContain('ab.ts');
    expect(driver.live().join('\n')).not.toContain('stale.ts');
  });

  test('Esc closes the list until the word changes', () => {
    const driver = Driver.ready();
    driver.type('/di');
    expect(driver.live().join('\n')).toContain('/diff');
    driver.key('escape');
    expect(driver.live().join('\n')).not.toContain('/diff');
    driver.type('f');
    expect(driver.live().join('\n')).toContain('/diff');
  });
});

test('what an editor left is the draft, and its images stay images', () => {
  const driver = Driver.ready();
  for (const path of ['/p/a.png', '/p/b.png']) driver.pasteImage(path);
  driver.send({ type: 'edited', text: 'see [Image #2]\nclosely\n' });
  expect(driver.draft()).toBe('see [Image #2]\nclosely');
  driver.key('enter');
  expect(driver.ops()).toMatchObject([{ items: [{ path: '/p/b.png' }, { text: 'see [Image #2]\nclosely' }] }]);
});

test('a draft of a killed keel that comes late does not replace what is written: Up finds it', () => {
  const driver = Driver.ready();
  driver.type('new');
  driver.send({ type: 'draftRestored', draft: { draft: ['o', 'l', 'd'], queue: [['q']] } });
  expect(driver.draft()).toBe('new');
  driver.key('ctrl+c');
  driver.key('up');
  driver.key('up');
  expect(driver.draft()).toBe('old');
});
