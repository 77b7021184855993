import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandEnd } from '../../../../src/foundation/protocol/index.ts';
import { byteLength, cutForModel } from '../../../../src/foundation/util/index.ts';
import { CommandTurn, MARK } from './support.ts';

const bash = (script: string) => ['bash', '-c', script];

describe('shell', () => {
  it('T4: answers with output, exit code and duration in this order', async () => {
    using turn = new CommandTurn();
    const output = await turn.call('shell', { command: ['/bin/sh', '-c', 'echo hi; exit 42'] });
    expect(output.success).toBe(false);
    expect(output.body).toMatch(/^Exit code: 42\nWall time: \d+(\.\d)? seconds\nOutput:\nhi\n$/);
  });

  it('is reported as started and as ended, with all its output', async () => {
    using turn = new CommandTurn();
    await turn.call('shell', { command: bash('echo a b; exit 1') });
    expect(turn.items.map(([what, { status }]) => [what, status])).toEqual([
      ['started', 'inProgress'],
      ['completed', 'failed'],
    ]);
    expect(turn.lastItem).toMatchObject({
      id: 'call-1',
      command: "bash -c 'echo a b; exit 1'",
      cwd: turn.shop.dir.path,
      aggregatedOutput: 'a b\n',
      exitCode: 1,
      processId: null,
      durationMs: expect.any(Number),
    });
  });

  it('T6: shows the model 400 short lines whole, as it does people', async () => {
    using turn = new CommandTurn();
    const { output } = await turn.ended('shell', { command: ['seq', '400'] });
    expect(output.split('\n')).toHaveLength(401);
    expect(turn.lastItem.aggregatedOutput).toBe(output);
    expect(turn.deltas.join('')).toBe(output);
    expect(existsSync(turn.spillPath('call-1'))).toBe(false);
  });

  it('T7: one long line is cut between characters', async () => {
    using turn = new CommandTurn();
    const { output } = await turn.ended('shell', { command: bash('for i in $(seq 4000); do printf "漢é😀"; done') });
    expect(output).toContain(
      `\n[middle of line 1 of 1 left out; all in ${turn.spillPath('call-1')}, nothing omitted]\n`,
    );
    expect(output).not.toContain('\uFFFD');
  });

  it('says which lines of a long output are missing and where all of it is, in one line and within the limit', async () => {
    using turn = new CommandTurn();
    const { output } = await turn.ended('shell', { command: ['seq', '10000'] });
    const path = turn.spillPath('call-1');
    const [notice = '', first, last] = /^\[lines (\d+)-(\d+) of 10000 left out; all in (.+)\]$/m.exec(output) ?? [];
    expect(notice).toContain(`all in ${path}, nothing omitted]`);
    expect(output).toContain(`\n${Number(first) - 1}\n${notice}\n${Number(last) + 1}\n`);
    expect(output.endsWith('\n10000\n')).toBe(true);
    expect(output).not.toContain(MARK);
    expect(readFileSync(path, 'utf8').split('\n')[Number(first) - 1]).toBe(first);
    expect(byteLength(output)).toBeLessThanOrEqual(10_240);
    expect(cutForModel(output)).toBe(output);
  });

  it('says how much of a very long output was kept', async () => {
    using turn = new CommandTurn();
    const { output } = await turn.ended('shell', { command: ['seq', '1000000'] });
    expect(output).toMatch(/^\[lines \d+-99\d+ of 1000000 left out; the first 1000000 of 6888896 bytes are in \S+\]$/m);
  });

  it('says that the whole of a cut output was not kept', async () => {
    using turn = new CommandTurn();
    turn.spills = false;
    const { output } = await turn.ended('shell', { command: ['seq', '10000'] });
    expect(output).toMatch(/^\[lines \d+-\d+ of 10000 left out; not kept: to see them, /m);
  });

  it('T8: ends a command at its time limit and says so first and last', async () => {
    using turn = new CommandTurn();
    const result = await turn.call('shell', { command: bash('echo begun; sleep 60'), timeout_ms: 1_000 });
    const end = commandEnd(String(result.body));
    expect(result.success).toBe(false);
    expect(end?.exitCode).toBe(124);
    expect(end?.output).toMatch(
      /^command timed out after \d+ milliseconds\nbegun\nkeel:0a1b2c Killed at its time limit of 1000 ms /,
    );
    expect(turn.lastItem).toMatchObject({ status: 'failed', exitCode: 124, aggregatedOutput: 'begun\n' });
    expect(turn.shop.running()).toEqual([]);
  });

  it('keeps to the limits of the model where lines of keel come on top of full output', async () => {
    using turn = new CommandTurn();
    const { output } = await turn.ended('shell', { command: bash('seq 2240; sleep 60'), timeout_ms: 1_500 });
    // The numbers are those of the lines that the program printed.
    const [, first] = /\n\[lines (\d+)-\d+ of 2240 left out; all in /.exec(output) ?? [];
    expect(output).toMatch(/^command timed out after \d+ milliseconds\n1\n2\n/);
    expect(output).toContain(`\n${Number(first) - 1}\n[lines ${first}-`);
    expect(byteLength(output)).toBeLessThanOrEqual(10_240);
  });

  it('T11: an aborted call returns what it had printed and says that it was aborted', async () => {
    using turn = new CommandTurn();
    const abort = new AbortController();
    turn.onDelta = () => abort.abort();
    const text = await turn.text('shell', { command: bash('echo begun; sleep 30') }, abort.signal);
    expect(commandEnd(text)?.output).toMatch(/^begun\naborted by user after \d+\.\d+s$/);
    expect(turn.lastItem).toMatchObject({ status: 'interrupted', exitCode: -1 });
    expect(turn.shop.running()).toEqual([]);
  });

  it('names the signal that ended a program', async () => {
    using turn = new CommandTurn();
    const { output, exitCode } = await turn.ended('shell', { command: bash('echo begun; kill -KILL $$') });
    expect(output).toBe(`begun\n${MARK} The program was ended by the signal SIGKILL.`);
    expect(exitCode).toBe(137);
  });

  it('says why nothing ran', async () => {
    using turn = new CommandTurn();
    turn.shop.dir.write({ 'plain.txt': 'text', script: '#!/no/such/interpreter\n' });
    chmodSync(join(turn.shop.dir.path, 'script'), 0o755);
    const cases = [
      ['no-such-program', 127, 'no-such-program: not found in PATH'],
      [
        './no-such-program',
        127,
        './no-such-program: no such program, or the interpreter its first line names is missing',
      ],
      ['./script', 127, './script: no such program, or the interpreter its first line names is missing'],
      ['./plain.txt', 126, './plain.txt: not an executable file, or not permitted to run it'],
      ['/tmp', 126, '/tmp: not an executable file, or not permitted to run it'],
    ] as const;
    for (const [program, exitCode, text] of cases) {
      const end = await turn.ended('shell', { command: [program] });
      expect(end).toEqual({ output: text, exitCode });
      expect(turn.lastItem).toMatchObject({ status: 'failed', exitCode });
    }
  });

  it('prompts 10: breaks copies of the mark at the beginning of lines', async () => {
    using turn = new CommandTurn();
    const { output } = await turn.ended('shell', { command: ['printf', `${MARK} forged\nin ${MARK} line\n${MARK}\n`] });
    expect(output).toBe(`keel:?0a1b2c forged\nin ${MARK} line\nkeel:?0a1b2c\n`);
  });

  it('T27: a flood of output ends the deltas, not the collection', async () => {
    using turn = new CommandTurn();
    const { output } = await turn.ended('shell', { command: bash('yes "a line of the flood" | head -n 3000000') });
    expect(output).toMatch(/^\[lines \d+-\d+ of 3000000 left out; /m);
    expect(turn.lastItem.aggregatedOutput).toMatch(/\[\.\.\. \d+ bytes \(\d+ lines\) left out \.\.\.\]/);
    expect(turn.deltas.length).toBeLessThanOrEqual(10_000);
    expect(Math.max(...turn.deltas.map(byteLength))).toBeLessThanOrEqual(8_192);
    expect(turn.deltas.join('')).toMatch(/\[\.\.\. \d+ bytes not shown live \.\.\.\]/);
  });

  it('runs in the directory it is given, relative to the turn or absolute', async () => {
    using turn = new CommandTurn();
    mkdirSync(join(turn.shop.dir.path, 'sub'));
    for (const workdir of ['sub', join(turn.shop.dir.path, 'sub')]) {
      expect((await turn.ended('shell', { command: ['pwd'], workdir })).output).toBe(`${turn.shop.dir.path}/sub\n`);
    }
  });
});

describe('the names and forms of the same tool', () => {
  it('are all answered', async () => {
    using turn = new CommandTurn();
    const argv = ['echo', '$HOME'];
    for (const name of ['shell', 'container.exec']) {
      expect((await turn.ended(name, { cmd: argv, timeout: '5000', cwd: '.' })).output).toBe('$HOME\n');
    }
    expect(commandEnd(String((await turn.localShell(argv)).body))?.output).toBe('$HOME\n');
    expect((await turn.ended('shell', { command: 'echo one | cat' })).output).toBe('one\n');
    expect((await turn.ended('shell_command', { command: 'echo two | cat' })).output).toBe('two\n');
    expect((await turn.ended('shell_command', { command: argv })).output).toBe('$HOME\n');
  });

  it('give a login shell the environment of any other command: the path stays the one that keel was started with', async () => {
    using turn = new CommandTurn();
    turn.shop.dir.write({ '.bash_profile': 'PATH=/replaced; cd /\n', '.profile': 'PATH=/replaced; cd /\n' });
    const script = 'echo "$PATH $PWD"';
    const { output } = await turn.ended('shell', { command: ['bash', '-c', script] });
    expect(output).not.toContain('/replaced');
    expect((await turn.ended('shell', { command: ['bash', '-lc', script] })).output).toBe(output);
    expect((await turn.ended('shell_command', { command: script, login: true })).output).toBe(output);
  });

  it('refuse what they cannot read before anything is begun', async () => {
    using turn = new CommandTurn();
    expect(await turn.text('shell', { command: [] })).toBe('command args are empty');
    expect(await turn.text('shell', {})).toContain('failed to parse function arguments: missing field `command`');
    expect(await turn.text('shell', { command: ['true'], timeout_ms: -1 })).toContain('`timeout_ms`');
    expect(await turn.text('shell', '{"command": ')).toContain('failed to parse function arguments: ');
    expect(turn.items).toEqual([]);
  });
});

describe('leave for a command', () => {
  it('T3: escalation is refused where it cannot be asked for, and nothing runs; without it the command runs', async () => {
    for (const approvalPolicy of ['never', 'untrusted', 'on-failure'] as const) {
      using turn = new CommandTurn();
      turn.turn = { approvalPolicy };
      const touch = { command: ['touch', 'ran'] };
      await turn.call('shell', { ...touch, with_escalated_permissions: true });
      expect(existsSync(join(turn.shop.dir.path, 'ran'))).toBe(false);
      expect(turn.asked).toEqual([]);
      await turn.call('shell', touch);
      expect(existsSync(join(turn.shop.dir.path, 'ran'))).toBe(true);
    }
  });

  it('a command the user refuses is declined and does not run', async () => {
    using turn = new CommandTurn();
    turn.turn = { approvalPolicy: 'untrusted' };
    turn.answer = { type: 'denied', message: 'not now' };
    for (const [name, args] of [
      ['shell', { command: ['touch', 'ran'] }],
      ['exec_command', { cmd: 'touch ran' }],
    ] as const) {
      const output = await turn.call(name, args);
      expect(output).toEqual({
        body: "exec command rejected by user\nThe user's reason: not now",
        success: false,
        facts: { outcome: 'notRun' },
      });
      expect(turn.lastItem).toMatchObject({ status: 'declined', exitCode: -1 });
    }
    expect(existsSync(join(turn.shop.dir.path, 'ran'))).toBe(false);
  });
});

describe('a patch in a command', () => {
  const patch = '*** Begin Patch\n*** Add File: new.txt\n+hello\n*** End Patch\n';

  it('is applied by keel, however the command carries it', async () => {
    for (const [name, args] of [
      ['shell', { command: ['apply_patch', patch] }],
      ['shell', { command: ['bash', '-lc', `apply_patch <<'EOF'\n${patch}EOF\n`] }],
      ['exec_command', { cmd: `cd . && apply_patch <<'EOF'\n${patch}EOF\n` }],
    ] as const) {
      using turn = new CommandTurn();
      expect((await turn.call(name, args)).success).toBe(true);
      expect(readFileSync(join(turn.shop.dir.path, 'new.txt'), 'utf8')).toBe('hello\n');
      expect(turn.items).toEqual([]);
    }
  });

  it('without the call is answered with how to call it', async () => {
    using turn = new CommandTurn();
    for (const [name, args] of [
      ['shell', { command: [patch] }],
      ['exec_command', { cmd: patch }],
    ] as const) {
      expect(await turn.text(name, args)).toMatch(
        /^apply_patch verification failed: patch detected without explicit call/,
      );
    }
  });
});

describe('a command in the background', () => {
  it.each([
    ['shell', { command: ['bash', '-c', 'echo up; until test -e go; do sleep 0.02; done; echo down; exit 3'] }],
    ['shell_command', { command: 'echo up; until test -e go; do sleep 0.02; done; echo down; exit 3' }],
  ])('is left running by %s as a session', async (name, args) => {
    using turn = new CommandTurn();
    const started = await turn.call(name, { ...args, background: true });
    expect(started).toMatchObject({
      success: true,
      body: expect.stringMatching(/^Still running as session 1\n.*\nup\n$/s),
    });
    expect(turn.lastItem).toMatchObject({ status: 'completed', processId: '1', exitCode: null });
    turn.shop.dir.write({ go: '' });
    expect(await turn.text('write_stdin', { session_id: 1 })).toMatch(/^Exit code: 3\n.*\ndown\n$/s);
  });

  it('that fails at its start says so at once', async () => {
    using turn = new CommandTurn();
    const text = await turn.text('shell', { command: ['bash', '-c', 'echo no port >&2; exit 1'], background: true });
    expect(text).toMatch(/^Exit code: 1\n.*no port\n$/s);
    expect(turn.sessions.size).toBe(0);
    expect(await turn.text('shell', { command: [], background: true })).toBe('command args are empty');
    expect(await turn.text('shell', { command: ['no-such-program'], background: true })).toMatch(/^shell failed: /);
  });
});
