import { mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runKeel } from '../../support/keel.ts';
import { keelHome } from '../../support/temp-dir.ts';

const NAME = 'x\u001b]0;PWN\u0007\u001b[2J\u009b2J\nStays as it is\n  /etc';

test.each([
  ['sandbox', 'explain', '-s', 'workspace-write', '--', 'true'],
  ['resume', '--help-me'],
  ['config', 'no\u001b[2Jkey'],
  ['no\u001b[2Jcommand'],
  ['threads', 'show', 'no\u001b[2Jthread'],
  ['skills'],
  ['doctor'],
])('a name that would steer the terminal is shown, and has no effect: keel %s', async (...args) => {
  using home = keelHome();
  const cwd = join(realpathSync(home.path), NAME);
  mkdirSync(join(cwd, '.keel/skills/bad\u001b[2J'), { recursive: true });
  const run = await runKeel(args, { home: home.path, cwd, url: 'http://127.0.0.1:9/v1' });
  expect(`${run.stdout}${run.stderr}`).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
  if (args[0] === 'sandbox') {
    expect(run.stdout).toContain('x\\x1b]0;PWN\\x07\\x1b[2J\\x9b2J\\nStays as it is');
    expect(run.stdout.match(/^Stays as it is$/gm)?.length ?? 0).toBeLessThanOrEqual(1);
  }
});
