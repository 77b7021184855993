import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  functionCall,
  type ModelServer,
  message,
  respond,
  type Script,
  startModelServer,
} from '../../src/testing/index.ts';
import { type TestSession, type TestSessionOptions, testSession } from '../support/session.ts';
import { gitRepository, type TempDir, tempDir } from '../support/temp-dir.ts';

let home: TempDir;
let repo: TempDir;
let server: ModelServer;
let live: TestSession;

beforeEach(() => {
  home = tempDir();
  repo = gitRepository();
});
afterEach(async () => {
  await live[Symbol.asyncDispose]();
  await server.close();
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

async function open(script: Script, more: Partial<TestSessionOptions> = {}): Promise<TestSession> {
  server = await startModelServer(script);
  live = await testSession({
    url: server.url,
    home: home.path,
    cwd: repo.path,
    overrides: ['features.ghost_commit=true'],
    ...more,
  });
  return live;
}

const ok = respond(message('ok'));
const shell = (script: string, id: string) => respond(functionCall('shell', { command: ['bash', '-c', script] }, id));
const undo = { type: 'undo' } as const;
const undone = () => live.events.findLast((event) => event.type === 'item.completed' && event.item.type === 'undo');
const text = (name: string) => readFileSync(join(repo.path, name), 'utf8');
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
    live = await testSession({
      url: server.url,
      home: home.path,
      cwd: repo.path,
      options: { origin: { type: 'resume', id: threadId } },
    });
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

  test('M68: a compaction keeps what undo needs', async () => {
    repo.write({ 'a.txt': '0' });
    await open([shell('printf 1 > a.txt', 'c1'), ok, respond(message('## Goal'))]);
    await live.say('one');
    await live.turn({ type: 'compact' });
    await live.turn(undo);
    expect(text('a.txt')).toBe('0');
  });
});
