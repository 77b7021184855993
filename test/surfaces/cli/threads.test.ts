import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { acquireLease } from '../../../src/storage/rollout/index.ts';
import { type ModelServer, message, respond, startModelServer, usage } from '../../../src/testing/index.ts';
import { jsonLines, type KeelRun, rolloutsIn } from '../../support/keel.ts';
import { runCommandLine } from '../../support/programs/resident-keel.ts';
import { gitRepository, keelHome, type TempDir } from '../../support/temp-dir.ts';

let home: TempDir;
let repo: TempDir;
let server: ModelServer;
beforeEach(async () => {
  home = keelHome();
  repo = gitRepository();
  server = await startModelServer((request) => {
    const asked = request.textsOf('user').findLast((text) => !text.startsWith('<')) ?? '';
    return respond(message(`answer to ${asked}`), usage({ input: 10, output: 1 }));
  });
});
afterEach(async () => {
  await server.close();
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

const keel = (...args: string[]) => runCommandLine(args, { home: home.path, cwd: repo.path, url: server.url });
const said = () => (server.requests.at(-1)?.textsOf('user') ?? []).filter((text) => !text.startsWith('<'));
const idOf = (run: KeelRun) => String(jsonLines(run.stdout)[0]?.['thread_id']);

/** A thread with these messages of the user. */
async function thread(first: string, ...others: readonly string[]): Promise<string> {
  const id = idOf(await keel('exec', '--json', first));
  for (const text of others) expect((await keel('exec', 'resume', id, text)).code).toBe(0);
  return id;
}

describe('keel exec resume and keel exec fork', () => {
  test('protocol 17: resume continues in the same file, by id, by name and with --last, with the options of exec', async () => {
    const id = await thread('one');
    const run = await keel('exec', 'resume', id, '--json', 'two', '-m', 'gpt-5.1');
    expect(run.code).toBe(0);
    expect(idOf(run)).toBe(id);
    expect(said()).toEqual(['one', 'two']);
    expect(server.requests.at(-1)?.body['model']).toBe('gpt-5.1');
    expect((await keel('threads', 'rename', id, 'low', 'water')).code).toBe(0);
    expect(idOf(await keel('exec', 'resume', 'low water', '--json', 'three'))).toBe(id);
    const last = await runCommandLine(['exec', 'resume', '--last', '--json'], {
      home: home.path,
      cwd: repo.path,
      url: server.url,
      stdin: 'four',
    });
    expect(idOf(last)).toBe(id);
    expect(said()).toEqual(['one', 'two', 'three', 'four']);
    expect(rolloutsIn(home.path)).toHaveLength(1);
  });

  test('a later turn has the model, effort and mode of the thread, flags win, and what they change is shown', async () => {
    const given = ['-m', 'gpt-5.1', '-c', 'model_reasoning_effort=low', '--full-auto'];
    const id = idOf(await keel('exec', '--json', ...given, 'one'));
    const sent = () => server.requests.at(-1)?.body;
    const kept = { model: 'gpt-5.1', reasoning: { effort: 'low' } };
    for (const verb of ['resume', 'fork']) {
      const { stderr } = await keel('exec', verb, id, 'two');
      expect(stderr).toMatch(/^model: gpt-5\.1 \(openai, effort low\)$/m);
      expect(stderr).toMatch(/^sandbox: workspace-write /m);
      expect(stderr).not.toContain('changed:');
      expect(sent()).toMatchObject(kept);
    }
    const changed = await keel('exec', '--json', 'resume', id, '-m', 'gpt-5.2', '-s', 'danger-full-access', 'three');
    expect(changed.stderr).toContain('changed: the model is gpt-5.2; the thread had gpt-5.1\n');
    expect(changed.stderr).toContain('changed: the sandbox is danger-full-access; the thread had workspace-write\n');
    expect(sent()).toMatchObject({ model: 'gpt-5.2' });
    expect((await keel('exec', 'resume', id, 'four')).stderr).toMatch(/^sandbox: danger-full-access /m);
    expect(sent()).toMatchObject({ model: 'gpt-5.2' });
  });

  test('protocol 18: an unknown id or name is an error, and a name that two threads have asks for the id', async () => {
    const [a, b] = [await thread('one'), await thread('two')];
    expect(await keel('exec', 'resume', 'nobody', 'x')).toMatchObject({ code: 1, stdout: '' });
    expect(await keel('exec', 'fork', '01a20cee-41e3-7d69-b809-3f6bd217b403', 'x')).toMatchObject({
      code: 1,
      stdout: '',
    });
    for (const id of [a, b]) await keel('threads', 'rename', id, 'twins');
    const twins = await keel('exec', 'resume', 'twins', 'x');
    expect(twins).toMatchObject({ code: 1, stdout: '' });
    expect(twins.stderr).toContain(a);
    expect(twins.stderr).toContain(b);
    expect(rolloutsIn(home.path)).toHaveLength(2);
  });

  test('M78, protocol 26: fork starts with any number of messages, of a named thread or the last one', async () => {
    const id = await thread('one', 'two', 'three');
    const [path = ''] = rolloutsIn(home.path);
    const before = readFileSync(path, 'utf8');
    for (const at of [0, 1, 2, 9]) {
      const run = await keel('exec', 'fork', id, '--at', String(at), '--json', 'aside');
      expect(run.code).toBe(0);
      expect(idOf(run)).not.toBe(id);
      expect(said()).toEqual([...(at > 3 ? [] : ['one', 'two', 'three'].slice(0, at)), 'aside']);
    }
    expect(readFileSync(path, 'utf8')).toBe(before);
    const whole = await keel('exec', 'fork', '--last', 'more');
    expect(whole).toMatchObject({ code: 0, stdout: 'answer to more\n' });
    expect(said()).toEqual(['aside', 'more']);
  });

  test('without a thread they are wrong usage; the interactive forms name them where there is no terminal', async () => {
    const id = await thread('find me');
    for (const verb of ['resume', 'fork']) {
      expect(await keel('exec', verb)).toMatchObject({
        code: 2,
        stdout: '',
        stderr: expect.stringContaining('--last'),
      });
      expect((await keel(verb, '--help')).stdout).toContain(`Usage: keel ${verb}`);
      const refused = { code: 1, stdout: '', stderr: expect.stringContaining(`\`keel exec ${verb}\``) };
      expect(await keel(verb, id, 'x')).toMatchObject(refused);
    }
    expect(await keel('exec', 'fork', id, '--rollback', '1', 'x')).toMatchObject({ code: 2 });
    expect(await keel('exec', 'resume', id, '--at', '1', 'x')).toMatchObject({ code: 2 });
  });
});

describe('a rollback from the command line', () => {
  test('happens before the prompt, or by itself; the model hears of it with the next request', async () => {
    const id = await thread('one', 'two', 'three');
    const [path = ''] = rolloutsIn(home.path);
    const before = readFileSync(path, 'utf8');
    expect((await keel('exec', 'resume', id, '--rollback', '1', 'three again')).code).toBe(0);
    expect(said()).toEqual(['one', 'two', 'three again']);
    const requests = server.requests.length;
    const alone = await keel('threads', 'rollback', id, '2');
    expect(alone).toMatchObject({ code: 0, stdout: 'Turns removed: 2, left: 1. Files are unchanged.\n' });
    expect(server.requests).toHaveLength(requests);
    expect(readFileSync(path, 'utf8').startsWith(before)).toBe(true);
    await keel('exec', 'resume', id, 'two again');
    expect(said()).toEqual(['one', 'two again']);
    const notes = server.requests
      .at(-1)
      ?.textsOf('user')
      .filter((text) => text.includes('<action>rollback</action>'));
    expect(notes).toHaveLength(1);
    expect(notes?.[0]).toContain('removed the last 2 turns');
    expect((await keel('threads', 'show', id)).stdout).toContain('turns: 2\n');
  });

  test('that can’t be done sends nothing and changes nothing', async () => {
    const id = await thread('one');
    const [path = ''] = rolloutsIn(home.path);
    expect((await keel('threads', 'rollback', id, '1')).code).toBe(0);
    const requests = server.requests.length;
    expect(await keel('exec', 'resume', id, '--rollback', '1', 'x')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('no turn to take back'),
    });
    for (const words of [['0'], ['x'], []]) expect((await keel('threads', 'rollback', id, ...words)).code).toBe(2);
    using _held = acquireLease(path);
    expect(await keel('threads', 'rollback', id, '1')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('another process'),
    });
    expect(server.requests).toHaveLength(requests);
  });
});

describe('keel threads', () => {
  test('archive hides a thread from lists, unarchive brings it back, both by id or name', async () => {
    const id = await thread('tide tables');
    const [path = ''] = rolloutsIn(home.path);
    await keel('threads', 'rename', id, 'tides');
    expect((await keel('threads', 'archive', 'tides')).code).toBe(0);
    expect(existsSync(path)).toBe(false);
    expect((await keel('threads', 'list')).stdout).toBe('No threads.\n');
    expect((await keel('threads', 'list', '--archived')).stdout).toContain('tides');
    expect((await keel('threads', 'show', id)).stdout).toContain('archived: yes');
    expect((await keel('exec', 'resume', '--last', 'x')).code).toBe(1);
    expect(await keel('threads', 'archive', id)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/is archived already$/m),
    });
    expect((await keel('threads', 'unarchive', id)).code).toBe(0);
    expect(await keel('threads', 'unarchive', id)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/is not archived$/m),
    });
    expect(existsSync(path)).toBe(true);
    expect((await keel('threads', 'list')).stdout).toContain(id);
  });

  test('--session-name lists the threads with this in their name, and looks at nothing else', async () => {
    const named = await thread('about the harbour');
    await thread('low water');
    await keel('threads', 'rename', named, 'Low Water');
    const found = async (...args: string[]) => {
      const { threads }: { threads: { id: string }[] } = JSON.parse((await keel('threads', ...args, '--json')).stdout);
      return threads.map(({ id }) => id);
    };
    expect(await found('--session-name', 'low')).toEqual([named]);
    expect(await found('list', '--session-name', 'low water')).toEqual([named]);
    expect(await found('list', '--session-name', 'harbour')).toEqual([]);
  });

  test('protocol 28: archive moves nothing that lies elsewhere', async () => {
    await thread('one');
    const [path = ''] = rolloutsIn(home.path);
    const stray = join(repo.path, path.split('/').at(-1) ?? '');
    writeFileSync(stray, readFileSync(path));
    expect(await keel('threads', 'archive', stray)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is not below'),
    });
    using _held = acquireLease(path);
    expect((await keel('threads', 'archive', path)).code).toBe(1);
    expect([existsSync(stray), existsSync(path)]).toEqual([true, true]);
  });

  test('a reviewer’s thread is in no list without --subagents, and never the last one', async () => {
    await thread('mine');
    repo.write({ 'README.md': 'changed\n' });
    expect((await keel('review')).code).toBe(0);
    const shown = (run: KeelRun) => JSON.parse(run.stdout).threads.map((each: { source: string }) => each.source);
    const listed = await keel('threads', 'list', '--json');
    expect(shown(listed)).not.toContain('subagent');
    // The thread that asked for the review is the user's own, and the last one.
    const { id } = JSON.parse(listed.stdout).threads[0];
    expect(shown(await keel('threads', 'list', '--json', '--subagents'))).toContain('subagent');
    expect(idOf(await keel('exec', 'resume', '--last', '--json', 'go on'))).toBe(id);
  });

  test('search looks at everything the user said, at names and directories, page by page', async () => {
    const tide = await thread('first words', 'the TIDE is out');
    const other = await thread('something else');
    await keel('threads', 'rename', other, 'Ebb and flood');
    const found = async (...words: string[]) =>
      JSON.parse((await keel('threads', 'search', ...words, '--json')).stdout).threads.map(
        (each: { id: string }) => each.id,
      );
    expect(await found('tide', 'is')).toEqual([tide]);
    expect(await found('EBB')).toEqual([other]);
    expect(await found(repo.path.split('/').at(-1) ?? '')).toEqual([other, tide]);
    expect(await found('answer to')).toEqual([]);
    expect(await found('nowhere to be found')).toEqual([]);
    const first = JSON.parse((await keel('threads', 'search', 'e', '--limit', '1', '--json')).stdout);
    const rest = await keel('threads', 'search', 'e', '--limit', '1', '--cursor', first.nextCursor, '--json');
    expect(JSON.parse(rest.stdout)).toMatchObject({ threads: [{ id: tide }], nextCursor: null });
    expect((await keel('threads', 'search')).code).toBe(2);
    expect((await keel('threads', 'list', '--cursor', 'rubbish')).code).toBe(1);
  });
});
