import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ModelServer, message, respond, startModelServer, usage } from '../../src/testing/index.ts';
import { jsonLines } from '../support/keel.ts';
import { runCommandLine } from '../support/programs/resident-keel.ts';
import { gitRepository, keelHome, type TempDir } from '../support/temp-dir.ts';

let home: TempDir;
let repo: TempDir;
let server: ModelServer;

beforeEach(async () => {
  home = keelHome();
  repo = gitRepository();
  const ok = respond(message('ok'), usage({ input: 10, output: 1 }));
  server = await startModelServer([ok, ok]);
});
afterEach(async () => {
  await server.close();
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

const skillMd = (name: string) => `---\nname: ${name}\ndescription: About ${name}.\n---\nHow to ${name}.\n`;
const keel = (args: readonly string[], stdin: string | null = null) =>
  runCommandLine(args, { home: home.path, cwd: repo.path, url: server.url, stdin });
const sent = (index: number) => server.requests[index]?.textsOf('user') ?? [];

describe('keel exec', () => {
  test('lists the skills, adds the one that is named, and the resumed thread extends what was sent', async () => {
    repo.write({ '.agents/skills/ship/SKILL.md': skillMd('ship') });
    home.write({ '.agents/skills/greet/SKILL.md': skillMd('greet') });
    const run = await keel(['exec', '--trust', '--json', 'use $ship here']);
    expect(run.code).toBe(0);
    expect(sent(0)[0]).toMatch(/^<skills>\n.*\nship: About ship\. \(\/.*\ngreet: About greet\. \(\/.*\n<\/skills>$/);
    expect(sent(0).slice(-2)).toEqual([
      'use $ship here',
      expect.stringMatching(/^<skills name="ship" path=".*">\n[\s\S]*\n\nHow to ship\.\n<\/skills>$/),
    ]);
    expect(jsonLines(run.stdout).map(({ type }) => type)).toEqual([
      'thread.started',
      'turn.started',
      'item.completed',
      'turn.completed',
    ]);
    home.write({ '.agents/skills/new/SKILL.md': skillMd('new') });
    expect((await keel(['exec', 'resume', '--trust', '--last', 'and now'])).code).toBe(0);
    const [before, after] = server.requests;
    expect(after?.input.slice(0, before?.input.length)).toEqual(before?.input);
    expect(sent(1).at(-1)).toBe('and now');
  });

  test('offers nothing of a project that nobody has decided about, and says so once', async () => {
    repo.write({ '.claude/skills/ship/SKILL.md': skillMd('ship') });
    const run = await keel(['exec', '--json', 'use $ship here']);
    expect(run.code).toBe(0);
    const faults = jsonLines(run.stdout).flatMap(({ item }) => (item?.type === 'error' ? [item['message']] : []));
    expect(faults).toEqual([
      expect.stringMatching(/^skill \/.*\/\.claude\/skills: what is in it is not offered, since you do not trust/),
    ]);
    expect(sent(0).join('\n')).not.toContain('How to ship');
    expect(sent(0)[0]).toMatch(/^<environment_context>/);
  });

  test('warns of a broken skill, and continues without it', async () => {
    home.write({ 'skills/broken/SKILL.md': '---\ndescription: [\n---\n', 'skills/greet/SKILL.md': skillMd('greet') });
    const run = await keel(['exec', '--json', 'hi']);
    expect(run.code).toBe(0);
    expect(jsonLines(run.stdout).find(({ item }) => item?.type === 'error')?.item).toMatchObject({
      message: expect.stringMatching(/^skill \/.*\/broken\/SKILL\.md: its front matter isn't valid YAML/),
    });
    expect(sent(0)[0]).toContain('greet');
    expect(sent(0)[0]).not.toContain('broken');
  });

  test('sends not a byte more where there are no skills', async () => {
    expect((await keel(['exec', 'what is $HOME?'])).code).toBe(0);
    expect(sent(0)).toEqual([expect.stringMatching(/^<environment_context>/), 'what is $HOME?']);
  });
});

test('prompts 27: keel debug prompt-input shows a list of at most 2,048 bytes, and the skill that the prompt names', async () => {
  for (let at = 0; at < 80; at += 1) {
    home.write({
      [`skills/group/skill-${at}/SKILL.md`]: `---\ndescription: ${'long '.repeat(30)}\n---\nDo ${at}.\n`,
    });
  }
  const { code, stdout, stderr } = await keel(['debug', 'prompt-input', 'try $skill-7', '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const body: { input: { content: { text: string }[] }[] } = JSON.parse(stdout);
  const texts = body.input.map(({ content }) => content[0]?.text ?? '');
  expect(Buffer.byteLength(texts[0] ?? '')).toBeLessThanOrEqual(2_048);
  expect(texts[0]).toMatch(/\n… and \d+ more\n<\/skills>$/);
  expect(texts.at(-2)).toBe('try $skill-7');
  expect(texts.at(-1)).toContain('\n\nDo 7.\n</skills>');
  expect(server.requests).toHaveLength(0);
});

describe('keel skills', () => {
  test('lists what is found, with what is switched off, and warns of what is broken', async () => {
    repo.write({ '.keel/skills/ship/SKILL.md': skillMd('ship') });
    home.write({
      'skills/off/SKILL.md': skillMd('off'),
      'skills/broken/SKILL.md': 'no',
      'config.toml': '[[skills.config]]\npath = "~/skills/off"\nenabled = false\n',
    });
    const undecided = await keel(['skills']);
    expect(undecided.stdout).not.toContain('ship');
    expect(undecided.stderr).toContain(
      `warning: ${join(repo.path, '.keel/skills')}: what is in it is not offered, since you do not trust this project\n`,
    );
    const trust = ['-c', `projects.${JSON.stringify(repo.path)}.trust_level="trusted"`];
    const { code, stdout, stderr } = await keel(['skills', ...trust]);
    expect(code).toBe(0);
    expect(stdout.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['Name', 'Scope', 'Status', 'Description', 'Path'],
      ['ship', 'repo', 'enabled', 'About ship.', join(repo.path, '.keel/skills/ship/SKILL.md')],
      ['off', 'user', 'disabled', 'About off.', join(home.path, 'skills/off/SKILL.md')],
      [''],
    ]);
    expect(stderr).toMatch(/^warning: \/.*\/broken\/SKILL\.md: it has no front matter between two lines of ---\n$/);
    const json = JSON.parse((await keel(['skills', 'list', '--json', ...trust])).stdout);
    expect(json).toEqual({
      cwd: repo.path,
      skills: [
        {
          name: 'ship',
          description: 'About ship.',
          shortDescription: null,
          path: join(repo.path, '.keel/skills/ship/SKILL.md'),
          scope: 'repo',
          enabled: true,
        },
        expect.objectContaining({ name: 'off', scope: 'user', enabled: false }),
      ],
      errors: [{ path: join(home.path, 'skills/broken/SKILL.md'), message: expect.any(String) }],
    });
  });

  test('says so where there are none, lets nothing of a file steer the terminal, and refuses other words', async () => {
    expect(await keel(['skills'])).toMatchObject({ code: 0, stdout: expect.stringContaining('No skills were found') });
    expect(await keel(['skills', 'add'])).toMatchObject({ code: 2, stdout: '' });
    mkdirSync(join(home.path, 'skills'));
    home.write({ 'skills/x/SKILL.md': '---\nname: "a\\e[31mb"\ndescription: "c\\u202ed"\n---\n' });
    const { stdout } = await keel(['skills']);
    expect(stdout).toContain('a [31mb');
    expect(stdout).not.toMatch(/[\u001b\u202e]/);
  });
});
