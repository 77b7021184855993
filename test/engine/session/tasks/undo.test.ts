import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { functionCall, message, respond } from '../../../../src/testing/index.ts';
import { liveSession } from '../../../support/sessions/live-session.ts';
import { says } from '../../../support/session.ts';
import { slowGit } from '../../../support/slow-git.ts';
import { gitRepository, tempDir } from '../../../support/temp-dir.ts';

const { live, open, reopen, repo, server } = liveSession({ overrides: ['features.undo=true'] });

const ok = respond(message('ok'));
const shell = (script: string, id: string) => respond(functionCall('shell', { command: ['bash', '-c', script] }, id));
const undo = { type: 'undo' } as const;
const undone = () => live.events.findLast((event) => event.type === 'item.completed' && event.item.type === 'undo');
const text = (name: string) => readFileSync(join(repo.path, name), 'utf8');
const recorded = () => readFileSync(live.session.rolloutPath ?? '', 'utf8').split('\n');
const git = (...args: string[]) => execFileSync('git', ['-C', repo.path, ...args], { encoding: 'utf8' });

describe('undo', () => {
  test('M82, prompts 23: an edit is taken back, a new file goes, an ignored one stays, and git is as it was', async () => {
    repo.write({ 'kept.txt': 'before', '.gitignore': 'ignored.txt\n', 'ignored.txt': 'mine' });
    const before = [git('rev-parse', 'HEAD'), git('status', '--porcelain'), git('stash', 'list'), git('for-each-ref')];
    await open([shell('echo after > kept.txt; echo new > new.txt; echo changed > ignored.txt', 'c1'), ok, ok]);
    await live.say('change things');
    expect(text('kept.txt')).toBe('after\n');
    expect(await live.turn(undo)).toMatchObject({ status: 'completed' });
    expect(undone()).toMatchObject({ item: { status: 'completed' } });
    expect(text('kept.txt')).toBe('before');
    expect(existsSync(join(repo.path, 'new.txt'))).toBe(false);
    expect(text('ignored.txt')).toBe('changed\n');
    expect([git('rev-parse', 'HEAD'), git('status', '--porcelain'), git('stash', 'list'), git('for-each-ref')]).toEqual(
      before,
    );
    await live.say('and?');
    const note = server.requests[2]?.textsOf('user').find((said) => said.startsWith('<user_action>')) ?? '';
    expect(note).toMatch(/began with: "change things"[\s\S]*M kept\.txt[\s\S]*D new\.txt/);
  });

  test('M19, M83: without a snapshot it says so, and the next input starts a turn; two undos after two turns go back step by step', async () => {
    repo.write({ 'a.txt': '0' });
    await open([shell('printf 1 > a.txt', 'c1'), ok, shell('printf 2 > a.txt', 'c2'), ok]);
    await live.turn(undo);
    expect(undone()).toMatchObject({ item: { status: 'failed' } });
    await live.say('one');
    await live.say('two');
    await live.turn(undo);
    expect(text('a.txt')).toBe('1');
    await live.turn(undo);
    expect(text('a.txt')).toBe('0');
    await live.turn(undo);
    expect(undone()).toMatchObject({ item: { status: 'failed' } });
  });

  test('a thread taken up again does not offer what was undone', async () => {
    repo.write({ 'a.txt': '0' });
    await open([shell('printf 1 > a.txt', 'c1'), ok, shell('printf 2 > a.txt', 'c2'), ok]);
    await live.say('one');
    await live.say('two');
    await live.turn(undo);
    const { threadId } = live.session;
    await live[Symbol.asyncDispose]();
    await reopen({ options: { origin: { type: 'resume', id: threadId } } });
    await live.turn(undo);
    expect(text('a.txt')).toBe('0');
  });

  test('M84: no call of a turn runs before its files are kept; where they can’t be, calls run all the same', async () => {
    const outside = tempDir();
    writeFileSync(join(outside.path, 'a.txt'), 'x');
    await open([shell('echo ran > ran.txt', 'c1'), ok], { cwd: outside.path });
    expect(await live.say('go')).toMatchObject({ status: 'completed' });
    expect(existsSync(join(outside.path, 'ran.txt'))).toBe(true);
    outside[Symbol.dispose]();
  });

  test('a turn that changes nothing takes no snapshot, also where it reads, and one that does takes one', async () => {
    repo.write({ 'a.txt': '0' });
    await open([shell('cat a.txt', 'c1'), ok, shell('printf 1 > a.txt', 'c2'), shell('printf 2 > a.txt', 'c3'), ok]);
    const snapshots = () => recorded().filter((line) => line.includes('"ghost_snapshot"')).length;
    await live.say('read it');
    expect(snapshots()).toBe(0);
    await live.say('change it');
    expect(snapshots()).toBe(1);
    await live.turn(undo);
    expect(text('a.txt')).toBe('0');
  });

  test('what no snapshot holds is reported when it is taken, once, and at the undo', async () => {
    const inner = join(repo.path, 'inner');
    mkdirSync(inner);
    execFileSync('git', ['init', '-q', inner]);
    repo.write({ 'big.bin': 'x'.repeat(11 * 1024 * 1024), 'a.txt': '0', 'inner/f': '0' });
    await open([shell('printf 1 | tee a.txt > big.bin', 'c1'), ok, shell('printf 2 > a.txt', 'c2'), ok]);
    await live.say('one');
    await live.say('two');
    const warnings = live.events.filter((event) => event.type === 'warning');
    expect(warnings.map(({ message }) => message)).toEqual([
      "An undo of this turn can't restore: inner (a repository of its own), big.bin (large file).",
      "An undo of this turn can't restore: inner (a repository of its own).",
    ]);
    await live.turn(undo);
    await live.turn(undo);
    expect(undone()).toMatchObject({
      item: { status: 'completed', message: expect.stringMatching(/no snapshot has them: big\.bin, inner\./) },
    });
    expect([text('a.txt'), text('big.bin')]).toEqual(['0', '1']);
  });

  test('a submodule is named as left out', async () => {
    const other = gitRepository();
    other.write({ f: '0' });
    const run = (dir: string, ...args: string[]) =>
      execFileSync('git', ['-C', dir, '-c', 'protocol.file.allow=always', ...args], { stdio: 'pipe' });
    run(other.path, 'add', '.');
    run(other.path, '-c', 'user.name=n', '-c', 'user.email=n@localhost', 'commit', '-qm', 'x');
    run(repo.path, 'submodule', '--quiet', 'add', other.path, 'sm');
    await open([shell('echo 1 > sm/f', 'c1'), ok]);
    await live.say('one');
    expect(live.events.find((event) => event.type === 'warning')).toMatchObject({
      message: "An undo of this turn can't restore: sm (submodule).",
    });
    await live.turn(undo);
    expect(undone()).toMatchObject({ item: { message: expect.stringContaining('no snapshot has them: sm.') } });
    other[Symbol.dispose]();
  });

  test('a snapshot that takes long ends with its turn, and nothing of it is left running', async () => {
    using slow = slowGit();
    await open([shell('echo 1 > a.txt', 'c1'), ok], { env: { PATH: `${slow.bin}:${process.env['PATH']}` } });
    const turnId = live.session.submit(says('change it'));
    await slow.started();
    live.session.submit({ type: 'interrupt' });
    await live.next('turn.completed', (event) => event.turnId === turnId);
    expect(slow.isAlive()).toBe(false);
    expect(existsSync(join(repo.path, 'a.txt'))).toBe(false);
  });

  test('a slow git delays no turn that changes nothing', async () => {
    using slow = slowGit();
    await open([ok], { env: { PATH: `${slow.bin}:${process.env['PATH']}` } });
    expect(await live.say('hello')).toMatchObject({ status: 'completed' });
    expect(slow.pid()).toBeNull();
  });

  test('M68: a compaction keeps what undo needs', async () => {
    repo.write({ 'a.txt': '0' });
    await open([shell('printf 1 > a.txt', 'c1'), ok, respond(message('## Goal'))]);
    await live.say('one');
    await live.turn({ type: 'compact' });
    await live.turn(undo);
    expect(text('a.txt')).toBe('0');
  });
});
