import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { functionCall, hold, message, respond, startModelServer } from '../../../src/testing/index.ts';
import { SocketServer } from '../../support/app-server/run.ts';
import { processesWith, until } from '../../support/keel.ts';
import { TuiRun } from '../../support/programs/tui.ts';
import { gitRepository, keelHome, tempDir } from '../../support/temp-dir.ts';

/** The Codex CLI, whose terminal is a client of the app server that nobody here wrote. */
const codex = createRequire(import.meta.url).resolve('codex-cli-0.171/bin/codex.js');
/** A program for another platform than this one isn't installed. */
const started = spawnSync(process.execPath, [codex, '--version'], { encoding: 'utf8' });
const isHere = started.status === 0;
if (!isHere) console.warn(`The terminal of the Codex CLI is not tested: it does not start here. ${started.stderr}`);

const patch = '*** Begin Patch\n*** Update File: notes.txt\n@@\n-one\n+two\n*** End Patch\n';

test.runIf(isHere)(
  'the terminal of the Codex CLI holds a whole conversation with keel',
  { timeout: 90_000 },
  async () => {
    using home = keelHome();
    using codexHome = tempDir();
    using repo = gitRepository({ 'notes.txt': 'one\n' });
    home.write({ 'config.toml': 'approval_policy = "untrusted"\n' });
    const seen = Promise.withResolvers<void>();
    // Shows in the environment of the command.
    const mark = `TREE=${repo.path}/tree`;
    const script = [
      respond(message('Hello there. How are you?', { deltas: ['Hello there. ', hold(seen.promise), 'How are you?'] })),
      respond(functionCall('exec_command', { cmd: 'touch made.txt' }, 'c1')),
      respond(message('Made it.')),
      respond(functionCall('apply_patch', { input: patch }, 'p1')),
      respond(message('Patched it.')),
      respond(functionCall('exec_command', { cmd: `${mark} sleep 300` }, 'c2')),
      respond(message('Still here.')),
    ];
    // The terminal asks for a title in a thread of its own, whenever it likes.
    await using model = await startModelServer(({ text }) =>
      text.includes('single-line task title') ? respond(message('{"title":"Try keel out"}')) : (script.shift() ?? null),
    );
    await using server = new SocketServer({ home: home.path, cwd: repo.path, url: model.url });
    const url = await server.url();
    const start = (args: readonly string[]) =>
      new TuiRun([...args, '--remote', url, '--remote-auth-token-env', 'KEEL_TOKEN'], {
        program: codex,
        home: codexHome.path,
        cwd: repo.path,
        url: model.url,
        env: { CODEX_HOME: codexHome.path, KEEL_TOKEN: server.token },
      });
    const say = async (tui: TuiRun, text: string) => {
      await tui.sees('Ask Codex to do anything');
      tui.type(text);
      await tui.sees(text);
      await delay(200); // It takes keys that come too fast for pasted text.
      tui.type('\r');
    };
    const approve = async (tui: TuiRun, question: string) => {
      await tui.sees(question);
      await delay(500); // A dialog takes no key when it has just come up.
      tui.type('y');
    };
    const quit = async (tui: TuiRun) => {
      await say(tui, '/quit');
      expect((await tui.ended).code).toBe(0);
    };

    await using first = start(['--sandbox', 'workspace-write']);
    await say(first, 'say hello');
    // Text is shown while it arrives.
    await first.sees('Hello there.');
    seen.resolve();
    await first.sees('How are you?');
    await say(first, 'make a file');
    await approve(first, 'Would you like to run the following command?');
    await first.sees('Made it.');
    expect(existsSync(join(repo.path, 'made.txt'))).toBe(true);
    await say(first, 'patch it');
    await approve(first, 'Would you like to make the following edits?');
    await first.sees('Patched it.');
    expect(readFileSync(join(repo.path, 'notes.txt'), 'utf8')).toBe('two\n');
    await say(first, 'sleep long');
    await approve(first, 'Would you like to run the following command?');
    await first.sees('Working');
    await until(() => processesWith(mark).length > 0);
    first.type('\u001b');
    await first.sees('Conversation interrupted');
    await until(() => processesWith(mark).length === 0);
    await quit(first);

    await using second = start(['resume', '--last']);
    await second.sees('Patched it.');
    await say(second, 'still there?');
    await second.sees('Still here.');
    await quit(second);
    expect(script).toEqual([]);
  },
);
