import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { functionCall, hold, message, respond, usage } from '../../../../src/testing/index.ts';
import { until } from '../../../support/keel.ts';
import { says } from '../../../support/session.ts';
import { liveSession } from '../../../support/sessions/live-session.ts';
import { expectSame, replayed } from '../../../surfaces/replay/support.ts';

const { home, live, open, reopen, repo, server } = liveSession();

const answer = (text: string, total = 20) => respond(message(text), usage({ input: total - 10, output: 10 }));
const shell = (script: string, id: string) => functionCall('shell', { command: ['bash', '-c', script] }, id);
const skillMd = (name: string) => `---\nname: ${name}\ndescription: About ${name}.\n---\nHow to ${name}.\n`;
const textsOf = (index: number) => server.requests[index]?.textsOf('user') ?? [];
const listsOf = (index: number) => textsOf(index).filter((text) => text.startsWith('<skills>\n'));
const chosenOf = (index: number) => textsOf(index).filter((text) => text.startsWith('<skills name='));
/** What the user said, and the skills that came with it. */
const saidOf = (index: number) =>
  textsOf(index)
    .filter((text) => !text.startsWith('<') || text.startsWith('<skills name='))
    .map((text) => (text.startsWith('<') ? /name="(.*?)"/.exec(text)?.[1] : text));
const trust = (level: 'trusted' | 'untrusted') => `projects={${JSON.stringify(repo.path)}={trust_level="${level}"}}`;
const warnings = () => live.events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));

function expectExtended(from: number, to: number): void {
  const [before, after] = [server.requests[from], server.requests[to]];
  expect(JSON.stringify(after?.input)).toContain(JSON.stringify(before?.input).slice(0, -1));
  expect(after?.body['instructions']).toBe(before?.body['instructions']);
}

describe('the list of skills', () => {
  test('is behind the instructions and before the environment, and the thread keeps it', async () => {
    repo.write({ 'AGENTS.md': 'rules', '.agents/skills/ship/SKILL.md': skillMd('ship') });
    home.write({ 'skills/greet/SKILL.md': skillMd('greet') });
    const overrides = [trust('trusted')];
    await open([answer('a1'), answer('a2'), answer('a3'), answer('a4')], { overrides });
    await live.say('one');
    expect(textsOf(0).map((text) => /^<\w+>|^.*/.exec(text)?.[0])).toEqual([
      '<user_instructions>',
      '<skills>',
      '<environment_context>',
      'one',
    ]);
    const list = listsOf(0)[0];
    expect(list).toContain(
      `\nship: About ship. (${repo.path}/.agents/skills/ship/SKILL.md)\ngreet: About greet. (${home.path}/skills/greet/SKILL.md)\n`,
    );
    home.write({ 'skills/later/SKILL.md': skillMd('later') });
    rmSync(join(repo.path, '.agents'), { recursive: true });
    await live.say('two');
    expectExtended(0, 1);
    const id = live.session.threadId;
    await live[Symbol.asyncDispose]();
    await reopen({ overrides, options: { origin: { type: 'resume', id } } });
    await live.say('three');
    expectExtended(1, 2);
    await live[Symbol.asyncDispose]();
    await reopen({ overrides, options: { origin: { type: 'fork', id, userMessages: 1 } } });
    await live.say('elsewhere');
    expect(textsOf(3)).toEqual([...textsOf(0), 'elsewhere']);
  });

  test.each(['undecided', 'untrusted'] as const)(
    'has nothing of a project that is %s, or of what is switched off',
    async (level) => {
      repo.write({ '.agents/skills/ship/SKILL.md': skillMd('ship') });
      home.write({ 'skills/greet/SKILL.md': skillMd('greet'), 'skills/off/SKILL.md': skillMd('off') });
      await open([answer('a1'), answer('a2')], {
        overrides: [
          ...(level === 'undecided' ? [] : [trust(level)]),
          'skills.config=[{path="~/skills/off",enabled=false}]',
        ],
      });
      await live.say('$ship $off it');
      await live.say('again');
      expect(listsOf(0)[0]?.split('\n').slice(2, -1)).toEqual([
        `greet: About greet. (${home.path}/skills/greet/SKILL.md)`,
      ]);
      expect(chosenOf(0)).toEqual([]);
      expect(warnings()).toEqual([
        `skill ${repo.path}/.agents/skills: what is in it is not offered, since you do not trust this project`,
        `the skill off is switched off: ${home.path}/skills/off/SKILL.md`,
      ]);
    },
  );

  test('leaves broken skills out, and warns the user of ten of them and how many more', async () => {
    for (let at = 0; at < 12; at += 1) home.write({ [`skills/s${at}/SKILL.md`]: 'no' });
    home.write({ 'skills/good/SKILL.md': skillMd('good') });
    await open([answer('a1'), answer('a2')]);
    await live.say('one');
    await live.say('two');
    expect(listsOf(0)[0]?.split('\n')).toHaveLength(4);
    expect(warnings()).toHaveLength(11);
    expect(warnings()[0]).toMatch(new RegExp(`^skill ${home.path}/skills/s0/SKILL\\.md: it has no front matter`));
    expect(warnings()[10]).toBe("2 more skills can't be used: `keel skills` names them");
  });

  test('is looked for again by the next turn if the first is stopped meanwhile', async () => {
    for (let at = 0; at < 300; at += 1) home.write({ [`skills/group/s${at}/SKILL.md`]: skillMd(`s${at}`) });
    await open([answer('a1')]);
    const stopped = live.turn(says('one'));
    live.session.submit({ type: 'interrupt' });
    expect(await stopped).toMatchObject({ status: 'interrupted', error: null });
    expect(await live.say('two')).toMatchObject({ status: 'completed' });
    expect(listsOf(0)).toEqual([expect.stringMatching(/\n… and \d+ more\n<\/skills>$/)]);
    expect(live.events.filter(({ type }) => type === 'error')).toEqual([]);
    expect(saidOf(0)).toEqual(['one', 'two']);
    const log = join(home.path, 'log/keel.log');
    expect(existsSync(log) ? readFileSync(log, 'utf8') : '').not.toContain('AbortError');
  });

  test('is after a compaction the one that the thread began with; a chosen skill is no word of the user', async () => {
    home.write({ 'skills/greet/SKILL.md': skillMd('greet') });
    const SUMMARY = '## Goal\ng\n## Constraints\nc\n## State\ns\n## Findings\nf\n## Decisions\nd\n## Next\nn';
    await open([answer('a1'), answer(SUMMARY), answer('a2')]);
    await live.say('$greet me');
    home.write({ 'skills/later/SKILL.md': skillMd('later') });
    await live.turn({ type: 'compact' });
    await live.say('two');
    expect(listsOf(2)).toEqual(listsOf(0));
    expect(saidOf(2)).toEqual(['$greet me', 'two']);
    expect(textsOf(2).find((text) => text.startsWith('<keel_handover>'))).toContain(
      `\nSkills that the user chose; read the file again to go on by it:\ngreet (${home.path}/skills/greet/SKILL.md)\n`,
    );
  });

  test('reaches neither a reviewer nor a helper, nor do their messages choose a skill', async () => {
    home.write({ 'skills/greet/SKILL.md': skillMd('greet') });
    const spawn = functionCall('spawn_agent', { message: 'use $greet' }, 'c1');
    const wait = functionCall('wait', { ids: ['worker-1'], timeout_ms: 60_000 }, 'c2');
    await open(
      (request) => {
        if (request.textsOf('user').includes('use $greet')) return answer('greeted');
        if (String(request.body['instructions']).includes('You review')) return answer('{"findings":[]}');
        return [respond(spawn), respond(wait), answer('done')][request.input.filter(isOutput).length] ?? answer('?');
      },
      { overrides: ['features.multi_agent=true'] },
    );
    await live.say('go');
    await live.turn({ type: 'review', target: { type: 'custom', instructions: '$greet' } });
    const withSkills = server.requests.map((request) =>
      request.textsOf('user').filter((text) => /^<skills/.test(text)),
    );
    const isChild = server.requests.map((request) => !request.textsOf('user').includes('go'));
    expect(isChild.filter((child) => child)).toHaveLength(2);
    expect(withSkills.map(({ length }) => length)).toEqual(isChild.map((child) => (child ? 0 : 1)));
  });
});

const isOutput = (item: Readonly<Record<string, unknown>>) => item['type'] === 'function_call_output';

describe('a skill that the user names', () => {
  beforeEach(() => home.write({ 'skills/greet/SKILL.md': skillMd('greet'), 'skills/ship/SKILL.md': skillMd('ship') }));

  test('comes behind the message, is context, and stays in what is sent', async () => {
    await open([answer('a1'), answer('a2'), answer('a3')]);
    await live.say('$greet and $ship, please');
    expect(textsOf(0).slice(-3)).toEqual([
      '$greet and $ship, please',
      `<skills name="greet" path="${home.path}/skills/greet/SKILL.md">\nThe user asks for this one with the message before. Paths in it are relative to its folder.\n\nHow to greet.\n</skills>`,
      expect.stringContaining('How to ship.'),
    ]);
    const said = live.events.filter((event) => event.type === 'item.completed' && event.item.type === 'userMessage');
    expect(said).toHaveLength(1);
    await live.say('two');
    expectExtended(0, 1);
    expect(chosenOf(1)).toHaveLength(2);
    const id = live.session.threadId;
    await live[Symbol.asyncDispose]();
    await reopen({ options: { origin: { type: 'resume', id } } });
    const started = live.events[0];
    expect(started).toMatchObject({ type: 'thread.started', turns: [{}, {}] });
    expect(JSON.stringify(started)).not.toContain('How to');
    await live.say('three');
    expectExtended(1, 2);
  });

  test('is read when it is named, not when the thread begins', async () => {
    await open([answer('a1'), answer('a2')]);
    await live.say('one');
    home.write({ 'skills/later/SKILL.md': skillMd('later') });
    await live.say('$later');
    expect(chosenOf(1)).toEqual([expect.stringContaining('How to later.')]);
    expectExtended(0, 1);
  });

  test('joins a turn that runs, behind the outputs of its calls', async () => {
    const steered = Promise.withResolvers<void>();
    await open([respond(hold(steered.promise), shell('echo hi', 'c1')), answer('done')]);
    const turn = live.say('go');
    await until(() => server.requests.length === 1);
    live.session.submit(says('now $greet'));
    steered.resolve();
    expect(await turn).toMatchObject({ status: 'completed' });
    expect(saidOf(1)).toEqual(['go', 'now $greet', 'greet']);
    expectExtended(0, 1);
  });

  test('is gone with its message after a fork and a rollback', async () => {
    await open([answer('a1'), answer('a2'), answer('a3'), answer('a4'), answer('a5')]);
    await live.say('$greet one');
    await live.say('$ship two');
    live.session.submit({ type: 'rollback', turns: 1 });
    await live.next('thread.rolledBack');
    await live.say('three');
    expect(saidOf(2)).toEqual(['$greet one', 'greet', 'three']);
    const id = live.session.threadId;
    await live[Symbol.asyncDispose]();
    await reopen({ options: { origin: { type: 'fork', id, userMessages: 1 } } });
    await live.say('elsewhere');
    expect(saidOf(3)).toEqual(['$greet one', 'greet', 'elsewhere']);
    expect(listsOf(3)).toHaveLength(1);
  });

  test('is replayed from the record alone', async () => {
    await open([respond(shell('echo hi', 'c1'), usage({ input: 10, output: 10 })), answer('a1'), answer('a2')]);
    await live.say('$greet one');
    await live.say('$ship two');
    rmSync(join(home.path, 'skills'), { recursive: true });
    expectSame(await replayed(live), 3);
  });
});
