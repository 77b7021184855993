import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writeMarkdown } from '../../../src/surfaces/exec/final-message.ts';
import { LastMessageFile } from '../../../src/surfaces/exec/last-message.ts';
import { isDumb } from '../../../src/surfaces/exec/terminal.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';

async function shown(text: string, { columns = 40, hasColour = true } = {}): Promise<string> {
  let all = '';
  const write = (part: string) => {
    all += part;
  };
  await writeMarkdown(text, { columns, hasColour, write });
  return all;
}

describe('the final message on a terminal', () => {
  test('is laid out, and ends its line', async () => {
    expect(stripVTControlCharacters(await shown('# Title\n\n- **bold** point\n'))).toBe('# Title\n\n- bold point\n');
  });

  test('has weight without colours, and colours of the terminal’s own with them', async () => {
    expect(await shown('**b** `c`', { hasColour: false })).toBe('\u001b[1mb\u001b[0m c\n');
    expect(await shown('`c`')).toBe('\u001b[36mc\u001b[0m\n');
  });

  test('copies code and long words as one line', async () => {
    const word = 'x'.repeat(100);
    expect(await shown(`\`\`\`\n${word}\n\`\`\``, { hasColour: false })).toBe(`${word}\n`);
  });

  test('has no hyperlinks and no control characters of the model’s', async () => {
    const bytes = await shown('[a](https://example.com)\u001b]0;x\u0007\u001b[2J');
    expect(bytes.replaceAll(/\u001b\[[\d;]*m/g, '')).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    expect(bytes).not.toContain(']8;');
  });

  test('without text is an empty line', async () => {
    expect(await shown('')).toBe('\n');
  });
});

describe('the file for the last message', () => {
  let dir: TempDir;
  beforeEach(() => {
    dir = tempDir();
  });
  afterEach(() => dir[Symbol.dispose]());

  const noWarning = (text: string) => {
    throw new Error(text);
  };

  test('has the message exactly, over what was there', () => {
    const path = join(dir.path, 'last.md');
    writeFileSync(path, 'an older and much longer message');
    using file = new LastMessageFile(path, [dir.path]);
    expect(file.write('New ü\n', noWarning)).toBeNull();
    expect(readFileSync(path, 'utf8')).toBe('New ü\n');
  });

  test('is empty where there was no message, with a warning', () => {
    const path = join(dir.path, 'last.md');
    using file = new LastMessageFile(path, [dir.path]);
    const warnings: string[] = [];
    expect(file.write(null, (text) => warnings.push(text))).toBeNull();
    expect(readFileSync(path, 'utf8')).toBe('');
    expect(warnings).toEqual([`Warning: there is no last message; ${path} is left empty\n`]);
  });

  test('that can’t be written is refused at once, or says so at the end', () => {
    mkdirSync(join(dir.path, 'folder'));
    expect(() => new LastMessageFile(join(dir.path, 'folder'), [dir.path])).toThrow('it is a directory');
    using file = new LastMessageFile(join(dir.path, 'missing/last.md'), [dir.path]);
    expect(file.write('message', noWarning)).toMatchObject({ kind: 'storageFailed' });
  });

  test('is not written through a link that a command put in its place', () => {
    const path = join(dir.path, 'work', 'last.md');
    dir.write({ 'work/.keep': '', 'secret.txt': 'untouched' });
    using file = new LastMessageFile(path, [join(dir.path, 'work')]);
    symlinkSync(join(dir.path, 'secret.txt'), path);
    file.write('message', noWarning);
    expect(readFileSync(join(dir.path, 'secret.txt'), 'utf8')).toBe('untouched');
  });
});

test.each([
  [{ TERM: 'dumb' }, true],
  [{}, true],
  [{ TERM: '' }, true],
  [{ TERM: 'xterm' }, false],
  [{ WT_SESSION: 'x' }, false],
  [{ TERM: 'dumb', WT_SESSION: 'x' }, true],
])('whether the terminal of %j can only add lines: %s', (env, dumb) => {
  expect(isDumb(env)).toBe(dumb);
});
