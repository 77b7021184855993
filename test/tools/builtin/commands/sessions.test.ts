import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withCommandOutput } from '../../../../src/foundation/protocol/index.ts';
import { byteLength, cutForModel } from '../../../../src/foundation/util/index.ts';
import { WARN_SESSIONS } from '../../../../src/system/process/index.ts';
import { until } from '../../../support/keel.ts';
import { CommandTurn, MARK } from './support.ts';

const ready = 'echo ready; until test -e go; do sleep 0.02; done; echo end; exit 3';

describe('exec_command', () => {
  it('T29: returns when the command ends, long before its wait is over', async () => {
    using turn = new CommandTurn();
    const startedAt = performance.now();
    const output = await turn.call('exec_command', { cmd: 'echo x', yield_time_ms: 30_000 });
    expect(performance.now() - startedAt).toBeLessThan(15_000);
    expect(output.success).toBe(true);
    expect(output.body).toMatch(/^Exit code: 0\nWall time: \d+\.\d seconds\nOutput:\nx\n$/);
    expect(turn.lastItem).toMatchObject({ status: 'completed', exitCode: 0, aggregatedOutput: 'x\n', processId: null });
  });

  it('leaves a command running under an id, until write_stdin reports its end', async () => {
    using turn = new CommandTurn();
    const first = await turn.call('exec_command', { cmd: ready, yield_time_ms: 1_000 });
    expect(first.body).toMatch(/^Still running as session 1\nWall time: .*\nOutput:\nready\n$/);
    expect(first.success).toBe(true);
    expect(turn.lastItem).toMatchObject({ status: 'completed', processId: '1', exitCode: null });
    turn.shop.dir.write({ go: '' });
    const second = await turn.call('write_stdin', { session_id: 1 });
    expect(second.body).toMatch(/^Exit code: 3\nWall time: .*\nOutput:\nend\n$/);
    expect(second.success).toBe(false);
    expect(turn.lastItem).toMatchObject({
      id: 'call-2',
      command: ready,
      processId: '1',
      aggregatedOutput: 'end\n',
      exitCode: 3,
    });
    expect(await turn.text('write_stdin', { session_id: 1 })).toBe(
      'write_stdin failed: session 1 has ended with exit code 3',
    );
    expect(await turn.text('write_stdin', { session_id: 9 })).toBe('write_stdin failed: there is no session 9');
  });

  it('T28: keeps what was typed on a terminal; another session does not see it; after exit the id is unknown', async () => {
    using turn = new CommandTurn();
    const start = { cmd: 'bash --norc -i', tty: true, yield_time_ms: 1_000 };
    await turn.call('exec_command', start);
    await turn.call('write_stdin', { session_id: 1, chars: 'export SEEN=once\n' });
    expect(await turn.text('write_stdin', { session_id: 1, chars: 'echo "[$SEEN]"\n' })).toContain('[once]');
    await turn.call('exec_command', start);
    expect(await turn.text('write_stdin', { session_id: 2, chars: 'echo "[$SEEN]"\n' })).toMatch(/\n\[\]/);
    expect(await turn.text('write_stdin', { session_id: 1, chars: 'exit 4\n' })).toMatch(/^Exit code: 4\n/);
    expect(await turn.text('write_stdin', { session_id: 1 })).toContain('session 1 has ended with exit code 4');
  });

  it('T29: an aborted call leaves nothing of its command, nor of the session it waits for', async () => {
    using turn = new CommandTurn();
    const first = new AbortController();
    turn.onDelta = () => first.abort();
    const text = await turn.text(
      'exec_command',
      { cmd: 'echo begun; setsid sleep 60 & sleep 61', tty: true },
      first.signal,
    );
    expect(text).toMatch(/begun\r?\naborted by user after \d+\.\d+s$/);
    expect(turn.shop.running()).toEqual([]);
    turn.onDelta = () => undefined;
    await turn.call('exec_command', { cmd: 'bash --norc -i', tty: true, yield_time_ms: 250 });
    const second = new AbortController();
    const waiting = turn.text('write_stdin', { session_id: 1 }, second.signal);
    second.abort();
    expect(await waiting).toMatch(/aborted by user/);
    expect(turn.shop.running()).toEqual([]);
    expect(turn.sessions.size).toBe(0);
  });

  it('asks programs for plain output', async () => {
    using turn = new CommandTurn();
    const text = await turn.text('exec_command', { cmd: 'echo $NO_COLOR $TERM $PAGER $GIT_PAGER $LANG $LC_ALL' });
    expect(text).toContain('\n1 dumb cat cat C.UTF-8 C.UTF-8\n');
  });

  it('T26: has an empty input', async () => {
    using turn = new CommandTurn();
    expect(await turn.text('exec_command', { cmd: 'cat; echo end' })).toContain('Output:\nend\n');
  });

  it('cuts long output once, with the file that has all of it', async () => {
    using turn = new CommandTurn();
    const text = await turn.text('exec_command', { cmd: 'seq 10000' });
    expect(text).toMatch(/^Exit code: 0\nWall time: .*\nOutput:\n1\n2\n/);
    expect(text).toMatch(/^\[lines \d+-\d+ of 10000 left out; /m);
    expect(text).toContain(` left out; all in ${turn.spillPath('call-1')}, nothing omitted]\n`);
    expect(readFileSync(turn.spillPath('call-1'), 'utf8').length).toBe(48_894);
    expect(withCommandOutput(text, cutForModel)).toBe(text);
  });

  it('cuts what came since the last look with the numbers of the file that has all', async () => {
    using turn = new CommandTurn();
    const script = 'echo first; until test -e go; do sleep 0.02; done; seq 10000';
    await turn.call('exec_command', { cmd: script, yield_time_ms: 250 });
    turn.shop.dir.write({ go: '' });
    const text = await turn.text('write_stdin', { session_id: 1 });
    const [, first] = /^\[lines (\d+)-\d+ of 10001 left out; all in /m.exec(text) ?? [];
    const file = readFileSync(turn.spillPath('call-1'), 'utf8').split('\n');
    expect(file[Number(first) - 2]).toBe(String(Number(first) - 2));
    expect(text).toContain(`\n${file[Number(first) - 2]}\n[lines ${first}-`);
  });

  it('says why nothing ran', async () => {
    using turn = new CommandTurn();
    expect(await turn.text('exec_command', { cmd: 'true', workdir: 'gone' })).toBe(
      `exec_command failed: the working directory ${turn.shop.dir.path}/gone does not exist`,
    );
    expect(turn.lastItem).toMatchObject({ status: 'failed', exitCode: 126 });
  });

  it('names itself where its arguments cannot be read', async () => {
    using turn = new CommandTurn();
    expect(await turn.text('exec_command', {})).toContain(
      'failed to parse exec_command arguments: missing field `cmd`',
    );
    expect(await turn.text('write_stdin', {})).toContain('failed to parse write_stdin arguments: ');
    expect(turn.items).toEqual([]);
  });

  it('accepts the names of the other tools for the same', async () => {
    using turn = new CommandTurn();
    expect(await turn.text('exec_command', { command: 'echo a; pwd', cwd: '/' })).toContain('Output:\na\n/\n');
    expect(await turn.text('exec_command', { cmd: ['echo', '$HOME'] })).toContain('Output:\n$HOME\n');
  });

  it('warns the model when many sessions are kept', async () => {
    using turn = new CommandTurn();
    const script = { cmd: 'exec sleep 60', yield_time_ms: 250 };
    const label = { command: 'sleep 60', cwd: '/' };
    while (turn.sessions.size < WARN_SESSIONS - 2) turn.sessions.keep(await turn.shop.session('exec sleep 60'), label);
    expect(await turn.text('exec_command', script)).not.toContain('sessions are kept');
    expect(await turn.text('exec_command', script)).toContain(
      `${MARK} ${WARN_SESSIONS} sessions are kept. End those you no longer need.`,
    );
  });
});

describe('write_stdin', () => {
  it('says that a session without a terminal takes no input, but hands Ctrl-C on', async () => {
    using turn = new CommandTurn();
    const cmd = "trap 'echo bye; exit 5' INT; echo ready; while :; do sleep 0.02; done";
    await turn.call('exec_command', { cmd, yield_time_ms: 1_000 });
    expect(await turn.text('write_stdin', { session_id: 1, chars: 'yes\n' })).toBe(
      'write_stdin failed: stdin is closed for session 1: it was started without tty',
    );
    expect(await turn.text('write_stdin', { session_id: 1, chars: '\u0003' })).toMatch(
      /^Exit code: 5\n.*\nOutput:\nbye\n$/,
    );
  });

  it('says when a program seems to ask something', async () => {
    using turn = new CommandTurn();
    const cmd = 'read -p "Overwrite it? [y/N]: " answer; echo "got $answer"';
    const first = await turn.text('exec_command', { cmd, tty: true, yield_time_ms: 1_000 });
    expect(first).toContain(
      `${MARK} The program seems to wait for input. Its last line: Overwrite it? [y/N]:. Answer with`,
    );
    const second = await turn.text('write_stdin', { session_id: 1, chars: 'y\n' });
    expect(second).toMatch(/^Exit code: 0\n/);
    expect(second).toContain('got y');
    expect(second).not.toContain('seems to wait');
  });

  it('waits as long as it is asked to after typing, and only for the answer where it is not', async () => {
    using turn = new CommandTurn();
    await turn.call('exec_command', { cmd: 'bash --norc -i', tty: true, yield_time_ms: 1_000 });
    const slow = 'sleep 1; echo an""swer\n';
    expect(await turn.text('write_stdin', { session_id: 1, chars: slow, yield_time_ms: 3_000 })).toContain('answer');
    const startedAt = performance.now();
    expect(await turn.text('write_stdin', { session_id: 1, chars: 'echo qu""ick\n' })).toContain('quick');
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  it('shows people the output of the session as it comes', async () => {
    using turn = new CommandTurn();
    await turn.call('exec_command', { cmd: ready, yield_time_ms: 250 });
    const before = turn.deltas.length;
    const waiting = turn.call('write_stdin', { session_id: 1 });
    turn.shop.dir.write({ go: '' });
    await waiting;
    expect(turn.deltas.slice(before).join('')).toBe('end\n');
    expect(Math.max(...turn.deltas.map(byteLength))).toBeLessThanOrEqual(8_192);
    await until(() => turn.shop.running().length === 0);
  });
});

describe('keep_running', () => {
  const keep = (cmd: string, more = {}) => ({ cmd, keep_running: true, yield_time_ms: 1_000, ...more });

  it('leaves a program running when the session ends, with its output in a file', async () => {
    using turn = new CommandTurn();
    const cmd = 'echo up; echo "$$" > pid; until test -e go; do sleep 0.02; done; echo done; touch ended';
    const text = await turn.text('exec_command', keep(cmd));
    const path = turn.spillPath('call-1');
    expect(text).toContain(`${MARK} Its output is in ${path}. It keeps running after this run.`);
    await turn.shop.processes.endAll();
    turn.sessions.close();
    expect(readFileSync(path, 'utf8')).toBe('up\n');
    turn.shop.dir.write({ go: '' });
    await until(() => existsSync(join(turn.shop.dir.path, 'ended')));
    expect(readFileSync(path, 'utf8')).toBe('up\ndone\n');
  });

  it('can be ended by the model, and says how it ended', async () => {
    using turn = new CommandTurn();
    await turn.call('exec_command', keep('sleep 60'));
    expect(turn.sessions.outliving()).toMatchObject([{ id: 1, command: 'sleep 60' }]);
    expect(await turn.text('write_stdin', { session_id: 1, chars: '\u0003' })).toMatch(/^Exit code: 130\n/);
    expect(turn.shop.running()).toEqual([]);
    expect(await turn.text('exec_command', keep('exit 4'))).toMatch(/^Exit code: 4\n.*Its output is in \S+\.$/s);
  });

  it('is refused in a sandbox, where everything ends with the command, and on a terminal', async () => {
    using turn = new CommandTurn();
    expect(await turn.text('exec_command', keep('sleep 60', { tty: true }))).toMatch(
      /failed: a terminal ends with keel/,
    );
    turn.turn = { sandboxPolicy: { mode: 'read-only' } };
    expect(await turn.text('exec_command', keep('sleep 60'))).toBe(
      'exec_command failed: keep_running works without a sandbox only',
    );
    expect(turn.items).toEqual([]);
  });
});
