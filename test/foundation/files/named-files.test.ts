import { mkdirSync, symlinkSync, truncateSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FileFault, filesOfProject, namedFileText, pathsNamedBy } from '../../../src/foundation/files/index.ts';
import { freshDirectory } from '../../support/fresh-places.ts';

const repo = freshDirectory();
const outside = freshDirectory();
const named = (...lines: readonly string[]) =>
  filesOfProject(pathsNamedBy(lines, repo.path), repo.path).map(({ content }) => content.toString());

describe('a file of a project is found where a command line names it', () => {
  test.each([
    'tools/notes.js',
    './tools/notes.js',
    'node tools/notes.js',
    'sh -c "node tools/notes.js"',
    "exec 'tools/notes.js'",
    'node tools/"notes.js"',
    'node tools\\/notes.js',
    '--require=./tools/notes.js',
    '-rtools/notes.js',
    '--import=file:./tools/notes.js',
    'cat a,tools/notes.js',
    'true;tools/notes.js&',
    'node $PWD/tools/notes.js',
    `node "\${PWD}"/tools/notes.js`,
    'node $(git rev-parse --show-toplevel)/tools/notes.js',
    'node tools/../tools/notes.js',
  ])('%s', (line) => {
    repo.write({ 'tools/notes.js': 'serve' });
    expect(named(line)).toEqual(['serve']);
  });

  test('by its absolute path, by a name with spaces, and once', () => {
    repo.write({ 'my notes.js': 'serve' });
    expect(named('my notes.js', join(repo.path, 'my notes.js'))).toEqual(['serve']);
  });

  test.each([
    'exec "my tools/notes.js"',
    'sh -c \'node "my tools/notes.js"\'',
    '"$CLAUDE_PROJECT_DIR/my tools/notes.js" --quiet',
    `node '\${PWD}/my tools/notes.js'`,
  ])('with a blank in its path: %s', (line) => {
    repo.write({ 'my tools/notes.js': 'serve' });
    expect(named(line)).toEqual(['serve']);
  });

  test('in a project whose own path has blanks and other signs of a shell', () => {
    repo.write({ 'My (new) Project=1/hooks/x.sh': 'check' });
    const project = join(repo.path, 'My (new) Project=1');
    for (const line of ['"$CLAUDE_PROJECT_DIR/hooks/x.sh"', '"$CLAUDE_PROJECT_DIR"/hooks/x.sh', 'sh hooks/x.sh']) {
      const files = filesOfProject(pathsNamedBy([line], project), project);
      expect(files.map(({ content }) => content.toString())).toEqual(['check']);
    }
  });

  test('by a link, wherever that leads', () => {
    repo.write({ 'real.js': 'inside' });
    outside.write({ 'far.js': 'outside' });
    symlinkSync('real.js', join(repo.path, 'near.js'));
    symlinkSync(join(outside.path, 'far.js'), join(repo.path, 'far.js'));
    expect(named('node near.js')).toEqual(['inside']);
    expect(named('node far.js')).toEqual(['outside']);
  });

  test('by the link that leads to the project', () => {
    repo.write({ 'notes.js': 'serve' });
    const link = join(outside.path, 'link');
    symlinkSync(repo.path, link);
    const found = filesOfProject(pathsNamedBy(['notes.js'], link), link);
    expect(found.map(({ path }) => path)).toEqual([join(repo.path, 'notes.js')]);
  });
});

test('what is not there, a directory, a name that no file can have and a file elsewhere are no files of the project', () => {
  repo.write({ 'notes.js': 'serve' });
  outside.write({ 'far.js': 'outside' });
  mkdirSync(join(repo.path, 'tools'));
  expect(
    named('missing', 'tools', '.', '/', 'notes.js/below', 'x'.repeat(5_000), join(outside.path, 'far.js')),
  ).toEqual([]);
});

test('a file that is there and can\u2019t be read is reported, not left out', async () => {
  repo.write({ 'big.bin': '' });
  truncateSync(join(repo.path, 'big.bin'), 64 * 1024 * 1024 + 1);
  expect(() => named('node --data=big.bin')).toThrow(FileFault);
  expect(() => named('big.bin')).toThrow(/^big\.bin can't be read: it is larger than/);
  const server = createServer().listen(join(repo.path, 'run.sock'));
  await new Promise((resolve) => server.once('listening', resolve));
  expect(() => named('run.sock')).toThrow(/^run\.sock can't be read: it is not a regular file/);
  await new Promise((resolve) => server.close(resolve));
  expect(() => named('a\0b')).toThrow(FileFault);
});

test('a file is shown as its text; what is long or no text by its digest, so that a change shows', () => {
  const shown = (content: Buffer) => namedFileText({ path: join(repo.path, 'a/b'), content }, repo.path, 'd1');
  expect(shown(Buffer.from('text\n'))).toBe('--- a/b\ntext');
  expect(shown(Buffer.alloc(70_000, 'x'))).toBe('--- a/b\n(70000 bytes, SHA-256 d1)');
  expect(shown(Buffer.from([0xff, 0xfe, 0xfd, 0x80, 0x81]))).toContain('SHA-256 d1');
});
