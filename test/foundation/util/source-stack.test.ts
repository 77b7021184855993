import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { sourceStack } from '../../../src/foundation/util/index.ts';
import { freshDirectory } from '../../support/fresh-places.ts';

const dir = freshDirectory();
/** One line of the bundle (line 2, column 1) that comes from line 3 of a source file. */
const MAP = { version: 3, sources: ['../src/storage/x.ts'], names: [], mappings: ';AAEA' };
const frame = (name: string, line: number, what = 'work ') =>
  `    at ${what}(${pathToFileURL(join(dir.path, 'dist', name)).href}:${line}:1)`;

describe('the stack of an error in a bundle', () => {
  it('names the place in the source where there is a map', () => {
    dir.write({ 'dist/a.js': '\nwork();', 'dist/a.js.map': JSON.stringify(MAP) });
    const [first, second] = sourceStack(`Error: no\n${frame('a.js', 2)}`).split('\n');
    expect(first).toBe('Error: no');
    expect(second).toMatch(/^ {4}at .*src\/storage\/x\.ts:3:1$/);
  });

  it.each<[string, Record<string, string>]>([
    ['there is no map', { 'dist/a.js': '' }],
    ['the map is damaged', { 'dist/a.js.map': '{"version":' }],
    ['the map is something else', { 'dist/a.js.map': '[]' }],
    ['the map is empty', { 'dist/a.js.map': '' }],
  ])('stays as it is where %s', (_, files) => {
    dir.write(files);
    const stack = `Error: no\n${frame('a.js', 2)}`;
    expect(sourceStack(stack)).toBe(stack);
  });

  it('stays as it is in lines that are no places of a bundle', () => {
    const stack = [
      'Error: (file:///x.js:1:1) is what was said',
      '    at node:internal/process/task_queues:95:5',
      '    at /home/ada/src/a.ts:1:2',
      '    at async Promise.all (index 0)',
      '',
    ].join('\n');
    expect(sourceStack(stack)).toBe(stack);
  });
});
