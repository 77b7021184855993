import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** `code` 2: the page can't be made on this machine. */
function check(script: string): { readonly code: number | null; readonly stderr: string } {
  const path = join(import.meta.dirname, '../../scripts', script);
  const { status, stderr } = spawnSync(process.execPath, [path, '--check'], { encoding: 'utf8' });
  return { code: status, stderr };
}

test('docs/invariants.md lists the ids in the names of the tests', () => {
  expect(check('invariants.js')).toEqual({ code: 0, stderr: '' });
});

test('the picture in the README shows what keel demo prints', { timeout: 120_000 }, (context) => {
  const { code, stderr } = check('record-demo.js');
  context.skip(code === 2, stderr);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});

test('the pictures of docs/terminal.md show what keel shows', { timeout: 120_000 }, (context) => {
  const { code, stderr } = check('record-screens.js');
  context.skip(code === 2, stderr);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});
