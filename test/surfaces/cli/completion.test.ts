import { spawnSync } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { commands, loadTerminal } from '../../../src/surfaces/cli/commands.ts';

const has = (shell: string) => spawnSync(shell, ['-c', 'exit 0']).status === 0;
if (!has('zsh') || !has('fish')) console.info('completion for zsh and fish is tested only where both are installed');

async function scriptFor(shell: string): Promise<string> {
  const [stdin, stdout] = [new PassThrough(), new PassThrough()];
  const command = await commands['completion']?.load();
  const io = { env: {}, cwd: '/', stdin, stdout, stderr: new PassThrough() };
  await command?.run(io, [shell], { commands, loadTerminal }).finally(() => stdout.end());
  return text(stdout);
}

/** What each shell offers for the last word, one a line, without descriptions. */
const SHELLS = {
  // What the functions of the completion system get is what zsh shows.
  zsh: (script: string, words: readonly string[]) => ({
    options: ['-f', '-c'],
    code: `compdef() { :; }
_describe() { local name=$@[-1]; print -l -- \${(P)name} }
_files() { print FILES $@ }
compadd() { print -l -- $@ }
${script}
words=(${words.map((word) => `'${word}'`).join(' ')}); CURRENT=${words.length}; _keel`,
  }),
  fish: (script: string, words: readonly string[]) => ({
    options: ['--no-config', '-c'],
    code: `${script}\ncomplete -C '${words.join(' ')}'`,
  }),
} as const;

describe.each(Object.keys(SHELLS) as (keyof typeof SHELLS)[])('completion in %s', (shell) => {
  test.skipIf(!has(shell)).each([
    [['keel', 'exe'], 'exec'],
    [['keel', ''], 'threads'],
    [['keel', 'threads', 'un'], 'unarchive'],
    [['keel', 'exec', '--output-s'], '--output-schema'],
    [['keel', 'exec', '-s', 'work'], 'workspace-write'],
    [['keel', 'completion', 'f'], 'fish'],
  ])('knows %j', async (words, expected) => {
    const { options, code } = SHELLS[shell](await scriptFor(shell), words);
    const { stdout, stderr } = spawnSync(shell, [...options, code], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] },
    });
    expect(stderr).toBe('');
    const offered = stdout.split('\n').map((line) => line.split(/[:\t]/)[0]);
    expect(offered).toContain(expected);
  });

  test.skipIf(!has(shell))('offers no options behind --', async () => {
    const { options, code } = SHELLS[shell](await scriptFor(shell), ['keel', 'exec', '--', '--out']);
    expect(spawnSync(shell, [...options, code], { encoding: 'utf8' }).stdout).not.toContain('--output');
  });
});
