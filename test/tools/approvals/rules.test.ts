import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type ExecPolicy,
  judgeByRules,
  judgeHost,
  loadRules,
  type RuleSource,
  remember,
} from '../../../src/tools/approvals/index.ts';
import { mayBeRemembered } from '../../../src/tools/approvals/rules/remember.ts';
import { literal } from '../../../src/tools/approvals/shell/words.ts';
import { runCommandLine } from '../../support/programs/resident-keel.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';

let dir: TempDir;
beforeEach(() => {
  dir = tempDir();
});
afterEach(() => dir[Symbol.dispose]());

const own = (path: string): RuleSource => ({ dir: path, limits: () => ({}), project: null });

function load(text: string, name = 'a.rules') {
  dir.write({ [name]: text });
  return loadRules([own(dir.path)]);
}
const decisions = (text: string, ...words: string[]) =>
  load(text)
    .policy.matches(words, { resolve: false })
    .map(({ decision }) => decision);

/** What rules say of plain commands whose programs are where programs belong. */
function verdictOf(policy: ExecPolicy, ...all: readonly (readonly string[])[]) {
  const commands = all.map((words) => words.map((word) => literal(word)));
  const reached = commands.map((words) => ({ words, isCertain: true }));
  const programs = {
    find: (name: string) => ({ path: `/usr/bin/${name}`, isWritable: false }),
    namesOf: () => [],
    isBuiltin: () => false,
  };
  return judgeByRules(policy, { argv: all[0] ?? [], judgement: { commands, reached }, programs });
}

describe('rules of a project', () => {
  const theirs = (text: string) => {
    dir.write({ 'theirs.rules': text });
    return loadRules([{ ...own(dir.path), project: dir.path }]);
  };

  test('ask and forbid; what they allow is ignored, with a warning', () => {
    const { policy, hosts, warnings } = theirs(
      'prefix_rule(pattern=["make"])\nprefix_rule(pattern=["git"], decision="prompt")\n' +
        'host_executable(name="git", paths=["/project/git"])\nnetwork_rule(host="a.example", protocol="https")',
    );
    expect(policy.matches(['make'], { resolve: false })).toEqual([]);
    expect(policy.matches(['git'], { resolve: false })).toMatchObject([{ decision: 'prompt' }]);
    expect(hosts).toEqual([]);
    expect(warnings).toEqual([expect.stringMatching(/theirs\.rules: what it allows is ignored/)]);
  });

  test('do not come from outside of the project', () => {
    using project = tempDir();
    mkdirSync(join(project.path, '.keel'));
    dir.write({ 'a.rules': 'prefix_rule(pattern=["git"], decision="prompt")' });
    symlinkSync(dir.path, join(project.path, '.keel/rules'));
    const source = { ...own(join(project.path, '.keel/rules')), project: project.path };
    const { policy, warnings } = loadRules([source]);
    expect(policy.matches(['git'], { resolve: false })).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining('it leads out of the project')]);
  });
});

test('rules that others may write allow nothing, and still forbid', () => {
  dir.write({ 'a.rules': 'prefix_rule(pattern=["make"])\nprefix_rule(pattern=["git"], decision="forbidden")' });
  chmodSync(join(dir.path, 'a.rules'), 0o666);
  const { policy, warnings } = loadRules([own(dir.path)]);
  expect(policy.matches(['make'], { resolve: false })).toEqual([]);
  expect(policy.matches(['git'], { resolve: false })).toMatchObject([{ decision: 'forbidden' }]);
  expect(warnings).toEqual([expect.stringContaining('can be written by everyone')]);
});

describe('rule files', () => {
  test('C20: a word or one of several at each place; a full path only where programs are resolved', () => {
    const rule = 'prefix_rule(pattern=["git", ["push", "fetch"]], decision="prompt")';
    expect(decisions(rule, 'git', 'push', 'x')).toEqual(['prompt']);
    expect(decisions(rule, 'git', 'pull')).toEqual([]);
    expect(decisions(rule, '/usr/bin/git', 'push')).toEqual([]);
    const { policy } = load(rule);
    expect(policy.matches(['/usr/bin/git', 'push'], { resolve: true })).toMatchObject([
      { resolvedProgram: '/usr/bin/git' },
    ]);
    const pinned = load(`${rule}\nhost_executable(name="git", paths=["/opt/git"])`).policy;
    expect(pinned.matches(['/usr/bin/git', 'push'], { resolve: true })).toEqual([]);
  });

  test('a program anywhere is asked about and forbidden by its name, and allowed only where programs belong', () => {
    const { policy } = load(
      [
        'prefix_rule(pattern=["npm", "test"])',
        'prefix_rule(pattern=["npm", "publish"], decision="forbidden")',
        'prefix_rule(pattern=["/project/tool"])',
      ].join('\n'),
    );
    const of = (...words: string[]) => policy.matches(words, { resolve: true }).map(({ decision }) => decision);
    expect(of('/usr/bin/npm', 'test')).toEqual(['allow']);
    expect(of('/project/npm', 'test')).toEqual([]);
    expect(of('/usr/bin/../../project/npm', 'test')).toEqual([]);
    expect(of('/project/npm', 'publish')).toEqual(['forbidden']);
    expect(of('/project/tool')).toEqual(['allow']);
    const listed = load('prefix_rule(pattern=["npm"])\nhost_executable(name="npm", paths=["/opt/x/npm"])', 'a.rules');
    expect(listed.policy.matches(['/opt/x/npm'], { resolve: true })).toHaveLength(1);
  });

  test('rules about hosts: the strictest that matches decides, for its protocol and every port', () => {
    const { hosts, warnings } = load(
      [
        'network_rule(host="A.com.:8080", protocol="https_connect")',
        'network_rule(host="a.com", protocol="http-connect", decision="prompt", justification="ask")',
        'network_rule(host="b.com", protocol="http")',
        'network_rule(host="b.com", protocol="http", decision="deny")',
        'network_rule(host="c.com", protocol="socks5_tcp")',
        'network_rule(host="c.com", protocol="socks5_udp", decision="forbidden")',
      ].join('\n'),
    );
    expect(warnings).toEqual([]);
    const of = (host: string, protocol: 'http' | 'https' | 'socks5') => judgeHost(hosts, { host, port: 1, protocol });
    expect(of('a.com', 'https')).toEqual({ type: 'prompt', reason: 'ask' });
    expect(of('a.com', 'http')).toEqual({ type: 'none' });
    expect(of('b.com', 'http')).toEqual({ type: 'forbidden', reason: null });
    expect(of('c.com', 'socks5')).toEqual({ type: 'allowed' });
    expect(of('x.c.com', 'socks5')).toEqual({ type: 'none' });
  });

  test.each([
    ['host="*.a.com", protocol="http"', 'host has to be'],
    ['host="http://a.com", protocol="http"', 'host has to be'],
    ['host="a.com/x", protocol="http"', 'host has to be'],
    ['protocol="http"', 'host has to be'],
    ['host=["a.com"], protocol="http"', 'host has to be a text'],
    ['host="a.com"', 'protocol has to be'],
    ['host="a.com", protocol="ftp"', 'protocol has to be'],
    ['host="a.com", protocol="http", decision="maybe"', 'decision has to be'],
    ['host="a.com", protocol="http", justification=" "', 'justification has to be'],
    ['host="a.com", protocol="http", port="1"', 'network_rule has no argument port'],
  ])('network_rule(%s) is a fault with its line', (args, words) => {
    const { hosts, warnings } = load(`network_rule(host="ok.com", protocol="http")\nnetwork_rule(${args})`);
    expect(warnings[0]).toMatch(new RegExp(`a\\.rules:2: ${words}`));
    expect(hosts).toEqual([]);
  });

  test('C21: the strictest of all that match decides', () => {
    const rules = 'prefix_rule(pattern=["rm"])\nprefix_rule(pattern=["rm", "-rf"], decision="forbidden")';
    expect(decisions(rules, 'rm', '-rf', 'x')).toEqual(['forbidden', 'allow']);
    expect(verdictOf(load(rules).policy, ['rm', '-rf', 'x'])).toMatchObject({
      type: 'forbidden',
    });
  });

  test.each([
    [
      'C22: an example that does not match',
      '\nprefix_rule(pattern=["npm"], match=["yarn add"])',
      ':2: the example "yarn add" does not match',
    ],
    [
      'C22: an example that should not match and does',
      'prefix_rule(pattern=["npm"], not_match=[["npm", "x"]])',
      ':1: the example "npm x" matches',
    ],
    ['C23: an empty pattern', 'prefix_rule(pattern=[])', 'pattern has to be a list'],
    [
      'C23: an unknown decision',
      'prefix_rule(pattern=["a"], decision="ok")',
      'decision has to be one of allow, prompt, forbidden',
    ],
    ['C23: a blank justification', 'prefix_rule(pattern=["a"], justification=" ")', 'justification is blank'],
    ['C24: an unknown rule', '# words\n\nallow_all()', ':3: unknown rule allow_all'],
    ['C24: broken syntax', 'prefix_rule(pattern=["a"', ':1: expected ,'],
    ['C24: no text at all', '\ud800(', 'unexpected'],
  ])('%s is reported with its place, and nothing is allowed until it is fixed', (_, text, warning) => {
    dir.write({ 'z.rules': 'prefix_rule(pattern=["ls"])\nprefix_rule(pattern=["dd"], decision="forbidden")' });
    const { warnings, policy } = load(text);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(warning);
    expect(warnings[0]).toContain(join(dir.path, 'a.rules'));
    expect(policy.matches(['ls'], { resolve: false })).toEqual([]);
    expect(policy.matches(['dd'], { resolve: false })).toHaveLength(1);
  });

  test('comments, trailing commas, both quotes and escapes are read', () => {
    const { policy, warnings } = load(
      `# all\nprefix_rule(\n  pattern=['a', "b\\"c",],  # why\n  decision="prompt",\n  justification="it's odd",\n)\n`,
    );
    expect(warnings).toEqual([]);
    expect(policy.rules).toEqual([{ pattern: [['a'], ['b"c']], decision: 'prompt', justification: "it's odd" }]);
  });

  test('only regular files that end in .rules count, by name, lower layers first; a missing directory is fine', () => {
    dir.write({
      'b.rules': 'prefix_rule(pattern=["b"])',
      'a.rules': 'prefix_rule(pattern=["a"])',
      'c.txt': 'nonsense(',
    });
    mkdirSync(join(dir.path, 'd.rules'));
    const { policy, warnings } = loadRules([own('/nowhere/rules'), own(dir.path)]);
    expect(warnings).toEqual([]);
    expect(policy.rules.map(({ pattern }) => pattern[0]?.[0])).toEqual(['a', 'b']);
  });
});

describe('a line of several commands', () => {
  const rules =
    'prefix_rule(pattern=["npm", "test"])\nprefix_rule(pattern=["git", "push"], decision="prompt", justification="it is public")';
  const verdict = (...commands: string[][]) => verdictOf(load(rules).policy, ...commands);

  test('C29: is allowed only if each of them is', () => {
    expect(verdict(['npm', 'test'])).toEqual({ type: 'allowed', argv: ['/usr/bin/npm', 'test'] });
    expect(verdict(['npm', 'test'], ['make'])).toEqual({ type: 'none', proposed: ['make'] });
  });
  test('C28: is asked about if any is, and then no rule is offered', () => {
    expect(verdict(['npm', 'test'], ['git', 'push'])).toMatchObject({
      type: 'prompt',
      reason: expect.stringContaining('it is public'),
    });
  });
  test('C27: for what would allow everything none is offered', () => {
    expect(verdict(['python3'])).toEqual({ type: 'none', proposed: null });
    for (const prefix of [['bash', '-lc'], ['node', '-e'], ['sudo'], ['rm'], ['/bin/zsh', '-lc'], []])
      expect(mayBeRemembered(prefix)).toBe(false);
    for (const line of [
      '/usr/bin/python3',
      'python3.12',
      '/opt/venv/bin/python3.12 -c',
      'python3 -u',
      'bash -x',
      'env A=1',
      'env -i A=1',
      'xargs -0',
      'nohup',
      'timeout -k 1 5s',
      'sudo -n',
    ])
      expect(`${line}: ${mayBeRemembered(line.split(' '))}`).toBe(`${line}: false`);
    for (const prefix of [
      ['npm', 'test'],
      ['python3', 'setup.py'],
      ['git', 'log'],
    ])
      expect(mayBeRemembered(prefix)).toBe(true);
  });
});

describe('remembering', () => {
  const file = () => join(dir.path, 'rules', 'default.rules');

  test('C25: a rule is kept once, after the existing lines', async () => {
    mkdirSync(join(dir.path, 'rules'));
    writeFileSync(file(), 'prefix_rule(pattern=["ls"])');
    await remember(file(), ['npm', 'test']);
    await remember(file(), ['npm', 'test']);
    expect(readFileSync(file(), 'utf8')).toBe(
      'prefix_rule(pattern=["ls"])\nprefix_rule(pattern=["npm", "test"], decision="allow")\n',
    );
    await expect(remember(file(), [])).rejects.toThrow('at least one word');
  });

  test('C26: many at once leave every line whole', async () => {
    const names = Array.from({ length: 30 }, (_, n) => `tool-${n}`);
    await Promise.all(names.map((name) => remember(file(), [name])));
    const { policy, warnings } = loadRules([own(join(dir.path, 'rules'))]);
    expect(warnings).toEqual([]);
    expect(policy.rules.map(({ pattern }) => pattern[0]?.[0]).sort()).toEqual(names.sort());
  });
});

test('keel execpolicy check says what rules decide', async () => {
  dir.write({ 'a.rules': 'prefix_rule(pattern=["git", "push"], decision="prompt", justification="it is public")' });
  const check = (...args: string[]) =>
    runCommandLine(['execpolicy', 'check', '--rules', 'a.rules', ...args], {
      home: dir.path,
      cwd: dir.path,
      url: 'http://127.0.0.1:9',
    });
  expect(JSON.parse((await check('git', 'push', '--force')).stdout)).toEqual({
    matchedRules: [
      { prefixRuleMatch: { matchedPrefix: ['git', 'push'], decision: 'prompt', justification: 'it is public' } },
    ],
    decision: 'prompt',
  });
  expect((await check('--pretty', 'ls')).stdout).toBe('{\n  "matchedRules": []\n}\n');
  dir.write({ 'a.rules': 'prefix_rule(pattern=[])' });
  expect(await check('ls')).toMatchObject({ code: 1, stderr: expect.stringContaining('a.rules:1: pattern has to be') });
});
