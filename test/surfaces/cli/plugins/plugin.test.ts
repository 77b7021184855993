import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, test, vi } from 'vitest';
import { discoverSkills } from '../../../../src/context/index.ts';
import { withFileLock } from '../../../../src/foundation/files/index.ts';
import { hookFiles, loadConfig } from '../../../../src/storage/config/index.ts';
import { PluginLimits } from '../../../../src/storage/plugins/index.ts';
import { removeUnusedFolders } from '../../../../src/storage/plugins/used-folders.ts';
import { commands, loadTerminal } from '../../../../src/surfaces/cli/commands.ts';
import { refuseMissingPackages } from '../../../../src/surfaces/cli/plugins/plugin-source.ts';
import { readPlugin } from '../../../../src/surfaces/cli/plugins/read-plugin.ts';
import { tarballFiles } from '../../../../src/surfaces/cli/plugins/read-tarball.ts';
import { readPromptFiles } from '../../../../src/surfaces/prompts/index.ts';
import { loadHooks } from '../../../../src/tools/hooks/index.ts';
import { freshDirectory } from '../../../support/fresh-places.ts';

const [home, repo, place] = [freshDirectory(), freshDirectory(), freshDirectory()] as const;
const never = new AbortController().signal;

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `keel plugin` in this process. `answer`: typed on a terminal; null: there is none. */
async function plugin(words: readonly string[], answer: string | null = null, more: object = {}): Promise<Run> {
  const text = (stream: PassThrough) => String(stream.read() ?? '');
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const stdin = Object.assign(Readable.from(answer === null ? [] : [answer]), { isTTY: answer !== null });
  const env = { PATH: process.env['PATH'], HOME: home.path, KEEL_HOME: home.path, ...more };
  const { run } = await (commands['plugin']?.load() ?? Promise.reject(new Error('there is no such command')));
  try {
    const code = await run({ env, cwd: place.path, stdin, stdout, stderr }, words, { commands, loadTerminal });
    return { code, out: text(stdout), err: text(stderr) };
  } catch (error) {
    return { code: 1, out: text(stdout), err: error instanceof Error ? error.message : String(error) };
  }
}

const skill = (name: string) => `---\nname: ${name}\ndescription: does ${name}\n---\nHow to ${name}.\n`;
const hooks = {
  hooks: {
    PreToolUse: [{ matcher: 'Bash', hooks: [{ type: 'command', command: `sh "\${KEEL_PLUGIN_ROOT}/guard.sh"` }] }],
  },
};
const WHOLE = {
  'plugin.json': JSON.stringify({ name: 'tools', version: '1.2.0', description: 'What we all use' }),
  'skills/ship/SKILL.md': skill('ship'),
  'prompts/fix.md': '---\ndescription: Fix it\n---\nFix $1\n',
  'agents/reader.md': '---\nname: reader\ndescription: reads\nmodel: opus\n---\nRead widely.\n',
  'hooks/hooks.json': JSON.stringify(hooks),
  'guard.sh': 'exit 0\n',
  '.mcp.json': JSON.stringify({
    mcpServers: {
      db: {
        command: 'node',
        args: [`\${CLAUDE_PLUGIN_ROOT}/server.js`],
        env: { DB_KEY: `\${DB_KEY}` },
        sandbox: 'danger-full-access',
      },
    },
  }),
  'server.js': '// a server\n',
};
const write = (files: Readonly<Record<string, string>>, folder = 'p') =>
  place.write(Object.fromEntries(Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text])));
const config = (overrides: readonly string[] = []) =>
  loadConfig({ env: { HOME: home.path, KEEL_HOME: home.path }, cwd: repo.path, overrides, flags: {} });
const installed = () => JSON.parse(readFileSync(join(home.path, 'plugins.json'), 'utf8')).plugins;
const folderOf = (name: string) => {
  const dir = join(home.path, 'plugins', name);
  return join(dir, readdirSync(dir).find((one) => !one.endsWith('.json')) ?? '');
};
const nothingInstalled = () => {
  expect(existsSync(join(home.path, 'plugins.json'))).toBe(false);
  expect(existsSync(join(home.path, 'plugins', 'tools'))).toBe(false);
};

describe('keel plugin add', () => {
  test('shows what a folder brings and runs, and installs it for all that threads use of it', async () => {
    write(WHOLE);
    const added = await plugin(['add', './p'], 'y\n');
    expect([added.code, added.err]).toEqual([
      0,
      'Install it? [y/N] Plugin tools is installed. Threads that start from now on use it.\n',
    ]);
    expect(added.out).toBe(`tools 1.2.0: What we all use
Skills:
  $tools:ship
Prompts:
  /prompts:tools:fix
Roles for subagents:
  tools:reader
Hooks that will run, in the sandbox of the session:
  PreToolUse (Bash): sh "\${KEEL_PLUGIN_ROOT}/guard.sh"
MCP servers that will be started or reached:
  tools_db: node <plugin>/server.js (gets your DB_KEY)
Not used:
  sandbox of the server db is ignored
`);
    const loaded = await config();
    const folder = folderOf('tools');
    const { skills, faults } = await discoverSkills(loaded, never);
    expect([skills.map(({ name, path }) => [name, path]), faults]).toEqual([
      [['tools:ship', join(folder, 'skills/ship/SKILL.md')]],
      [],
    ]);
    expect(readPromptFiles(loaded)).toEqual([
      { name: 'tools:fix', description: 'Fix it', argumentHint: '', body: 'Fix $1\n' },
    ]);
    expect(loaded.agents.roles).toEqual([
      expect.objectContaining({
        name: 'tools:reader',
        description: 'reads',
        instructions: 'Read widely.',
        model: null,
      }),
    ]);
    expect(loaded.mcpServers).toEqual([
      expect.objectContaining({
        name: 'tools_db',
        transport: expect.objectContaining({
          command: 'node',
          args: [join(folder, 'server.js')],
          envVars: ['DB_KEY'],
          sandbox: 'session',
        }),
      }),
    ]);
    expect(loadHooks(hookFiles(loaded), loaded).hooks).toEqual([
      {
        hook: expect.objectContaining({ event: 'PreToolUse', plugin: folder, project: null }),
        standing: { type: 'own' },
      },
    ]);
    expect(loaded.warnings).toEqual([]);
  });

  test('installs nothing when the answer is no, or when nobody can be asked', async () => {
    write(WHOLE);
    expect(await plugin(['add', './p'], 'n\n')).toMatchObject({ code: 1, err: 'nothing was changed' });
    expect(await plugin(['add', './p'])).toMatchObject({ code: 1, err: expect.stringContaining('--yes') });
    nothingInstalled();
  });

  test('reads the manifests of Claude Code and of the Codex CLI, with the paths that they name', async () => {
    write({
      '.claude-plugin/plugin.json': JSON.stringify({
        name: 'c',
        commands: ['./more/one.md'],
        hooks: './h.json',
        mcpServers: { web: { type: 'http', url: 'https://w.example/mcp' } },
      }),
      'more/one.md': 'One\n',
      'commands/two.md': 'Two\n',
      'h.json': JSON.stringify(hooks),
    });
    write(
      {
        '.codex-plugin/plugin.json': JSON.stringify({ name: 'x', skills: './own/', interface: {} }),
        'own/a/SKILL.md': skill('a'),
      },
      'q',
    );
    await plugin(['add', './p', '--yes']);
    await plugin(['add', './q', '--yes']);
    const [c, x] = installed();
    expect(c).toMatchObject({
      name: 'c',
      format: 'claude',
      contents: {
        prompts: [
          { name: 'two', path: 'commands/two.md' },
          { name: 'one', path: 'more/one.md' },
        ],
        hooks: ['h.json'],
        servers: { web: { url: 'https://w.example/mcp' } },
      },
    });
    expect(x).toMatchObject({ name: 'x', format: 'codex', contents: { skills: ['own'] } });
  });

  test.each<[string, Readonly<Record<string, string>>, RegExp]>([
    ['a manifest that is not JSON', { ...WHOLE, 'plugin.json': '{' }, /plugin\.json is not JSON/],
    ['a manifest that is a list', { ...WHOLE, 'plugin.json': '[]' }, /it is not an object/],
    [
      'a field of the wrong form',
      { ...WHOLE, 'plugin.json': '{"name":"tools","skills":3}' },
      /skills has the wrong form/,
    ],
    ['a name that would lead elsewhere', { ...WHOLE, 'plugin.json': '{"name":"../x"}' }, /can't be its name/],
    [
      'a name that is another program\u2019s hidden folder',
      { ...WHOLE, 'plugin.json': '{"name":".lock"}' },
      /can't be its name/,
    ],
    [
      'a path out of the plugin',
      { ...WHOLE, 'plugin.json': '{"name":"tools","hooks":"../h.json"}' },
      /is not in the plugin/,
    ],
    [
      'a path that does not exist',
      { ...WHOLE, 'plugin.json': '{"name":"tools","skills":"./x"}' },
      /skills names \.\/x/,
    ],
    ['servers that are not JSON', { ...WHOLE, '.mcp.json': 'x' }, /\.mcp\.json is not JSON/],
    ['nothing that keel uses', { 'plugin.json': '{"name":"tools"}', 'x.txt': '' }, /nothing that keel uses/],
  ])('refuses %s, and leaves nothing behind', async (_, files, reason) => {
    write(files);
    const { code, err } = await plugin(['add', './p', '--yes']);
    expect([code, err]).toEqual([1, expect.stringMatching(reason)]);
    nothingInstalled();
  });

  test.each<[string, unknown, RegExp]>([
    ['a program outside of the plugin', { command: '../up/server' }, /leads out of the plugin/],
    ['a working directory outside of it', { command: 'x', cwd: 'a/../../..' }, /leads out of the plugin/],
    ['both ways to reach it', { command: 'x', url: 'https://x.example' }, /either command or url/],
    ['neither', { args: [] }, /either command or url/],
    ['an old transport', { type: 'sse', url: 'https://x.example' }, /transport is "sse"/],
    ['arguments that are no list', { command: 'x', args: 'y' }, /wrong form/],
  ])('leaves a server out that has %s, and says so', async (_, server, reason) => {
    write({ 'skills/a/SKILL.md': skill('a'), '.mcp.json': JSON.stringify({ bad: server, 'b d': { command: 'x' } }) });
    const { out } = await plugin(['show', './p']);
    expect(out).toMatch(reason);
    expect(out).toContain('the server b d is not used');
    expect(out).not.toContain('MCP servers that');
  });

  test('refuses a link that leads out, and copies the file behind one that stays inside', async () => {
    write(WHOLE);
    place.write({ 'secret.txt': 'secret' });
    symlinkSync('../secret.txt', join(place.path, 'p/leak.txt'));
    expect((await plugin(['add', './p', '--yes'])).err).toContain(
      'leak.txt can\u2019t be copied: it is a link that leads out of the plugin'.replace('\u2019', "'"),
    );
    nothingInstalled();
    rmSync(join(place.path, 'p/leak.txt'));
    symlinkSync('guard.sh', join(place.path, 'p/alias.sh'));
    expect((await plugin(['add', './p', '--yes'])).code).toBe(0);
    expect(readFileSync(join(folderOf('tools'), 'alias.sh'), 'utf8')).toBe('exit 0\n');
  });

  test('refuses pipes, files that are too large, and too many of them', async () => {
    write(WHOLE);
    execFileSync('mkfifo', [join(place.path, 'p/pipe')]);
    expect((await plugin(['add', './p', '--yes'])).err).toContain("pipe can't be copied: it is not a regular file");
    rmSync(join(place.path, 'p/pipe'));
    truncateSync(join(place.path, 'p/guard.sh'), 33 * 1024 * 1024);
    expect((await plugin(['add', './p', '--yes'])).err).toMatch(
      /guard\.sh can't be copied: it is larger than \d+ bytes/,
    );
    const limits = new PluginLimits();
    expect(() => {
      for (let at = 0; at <= 4_000; at += 1) limits.count(String(at), 0);
    }).toThrow('it has more than 4000 files');
    nothingInstalled();
  });

  test('keeps what may be run, passes version control over, and copies for the user alone', async () => {
    write({ ...WHOLE, '.git/config': 'x' });
    chmodSync(join(place.path, 'p/guard.sh'), 0o755);
    await plugin(['add', './p', '--yes']);
    const mode = (name: string) =>
      execFileSync('stat', ['-c', '%a', join(folderOf('tools'), name)], { encoding: 'utf8' }).trim();
    expect([mode('guard.sh'), mode('server.js'), mode('skills')]).toEqual(['700', '600', '700']);
    expect(existsSync(join(folderOf('tools'), '.git'))).toBe(false);
  });

  test('shows what differs from the version that is installed, and replaces it', async () => {
    write(WHOLE);
    await plugin(['add', './p', '--yes']);
    write({ 'guard.sh': 'exit 2\n', 'plugin.json': JSON.stringify({ name: 'tools', version: '2.0.0' }) });
    const { out } = await plugin(['add', './p', '--yes']);
    expect(out).toContain('changed: guard.sh\n  -exit 0\n  +exit 2\n');
    expect(installed()).toEqual([expect.objectContaining({ version: '2.0.0' })]);
    expect(readFileSync(join(folderOf('tools'), 'guard.sh'), 'utf8')).toBe('exit 2\n');
    expect(readdirSync(join(home.path, 'plugins/tools'))).toHaveLength(2);
    expect(readdirSync(join(home.path, 'tmp'))).toEqual([]);
  });

  test('puts nothing in its place while another command removes what is not installed', async () => {
    write(WHOLE);
    const [plugins, temporary] = [join(home.path, 'plugins'), join(home.path, 'tmp')];
    const isCopied = () =>
      existsSync(join(plugins, 'tools')) || (existsSync(temporary) && readdirSync(temporary).length > 0);
    const { adding } = await withFileLock(join(plugins, '.lock'), never, async () => {
      const begun = { adding: plugin(['add', './p', '--yes']) };
      await vi.waitFor(() => expect(isCopied()).toBe(true), 30_000);
      removeUnusedFolders(plugins, []);
      return begun;
    });
    expect((await adding).code).toBe(0);
    expect(await config()).toMatchObject({ plugins: [{ name: 'tools' }], warnings: [] });
  });
});

describe('an installed plugin', () => {
  test('does not count once a file of it has changed, until that is accepted', async () => {
    write(WHOLE);
    await plugin(['add', './p', '--yes']);
    appendFileSync(join(folderOf('tools'), 'guard.sh'), 'curl evil\n');
    const loaded = await config();
    expect([loaded.plugins, loaded.mcpServers, hookFiles(loaded)]).toEqual([[], [], []]);
    expect(loaded.warnings).toEqual([
      expect.stringMatching(/^the plugin tools is not used, since its files have changed/),
    ]);
    const shown = await plugin(['show', 'tools']);
    expect(shown.out).toContain('Changes since you accepted it:\nchanged: guard.sh\n   exit 0\n  +curl evil\n');
    expect((await plugin(['enable', 'tools'])).code).toBe(1);
    expect((await config()).plugins).toEqual([]);
    expect((await plugin(['enable', 'tools', '--yes'])).out).toContain('+curl evil');
    expect((await config()).plugins).toMatchObject([{ name: 'tools' }]);
  });

  test.each<[string, (folder: string) => void]>([
    ['added', (folder) => writeFileSync(join(folder, 'new.sh'), '')],
    ['removed', (folder) => rmSync(join(folder, 'server.js'))],
    ['made a program', (folder) => chmodSync(join(folder, 'guard.sh'), 0o700)],
    [
      'replaced by a link to elsewhere',
      (folder) => {
        rmSync(join(folder, 'guard.sh'));
        symlinkSync('/etc/passwd', join(folder, 'guard.sh'));
      },
    ],
  ])('does not count once a file was %s', async (_, change) => {
    write(WHOLE);
    await plugin(['add', './p', '--yes']);
    change(folderOf('tools'));
    const { plugins, warnings } = await config();
    expect([plugins, warnings]).toEqual([[], [expect.stringContaining('the plugin tools is not used')]]);
  });

  test('is not installed where the question is answered with an interrupt', async () => {
    place.write(Object.fromEntries(Object.entries(WHOLE).map(([path, text]) => [`p/${path}`, text])));
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const stdin = Object.assign(new PassThrough(), { isTTY: true });
    const env = { PATH: process.env['PATH'], HOME: home.path, KEEL_HOME: home.path };
    const { run } = await (commands['plugin']?.load() ?? Promise.reject(new Error('there is no such command')));
    stderr.on('data', (text) => {
      if (String(text).includes('[y/N]')) process.emit('SIGINT', 'SIGINT');
    });
    const io = { env, cwd: place.path, stdin, stdout, stderr };
    expect(await run(io, ['add', './p'], { commands, loadTerminal })).toBe(130);
    expect(existsSync(join(home.path, 'plugins.json'))).toBe(false);
  });

  test('is switched off and on, listed and removed', async () => {
    write(WHOLE);
    expect((await plugin(['list'])).out).toContain('No plugins are installed');
    await plugin(['add', './p', '--yes']);
    expect((await plugin(['disable', 'tools'])).err).toBe('Plugin tools is off.\n');
    expect((await config()).plugins).toEqual([]);
    expect((await config()).warnings).toEqual([]);
    expect((await plugin(['list'])).out).toMatch(/tools +1\.2\.0 +off/);
    await plugin(['enable', 'tools']);
    const { plugins } = JSON.parse((await plugin(['list', '--json'])).out);
    expect(plugins).toEqual([expect.objectContaining({ name: 'tools', state: 'on', source: join(place.path, 'p') })]);
    expect(JSON.parse((await plugin(['show', 'tools', '--json'])).out)).toMatchObject({ name: 'tools', state: 'on' });
    expect((await plugin(['remove', 'tools'])).code).toBe(0);
    expect([existsSync(join(home.path, 'plugins/tools')), (await config()).plugins]).toEqual([false, []]);
    expect((await plugin(['remove', 'tools'])).err).toContain('there is no plugin tools');
  });

  test('that is off leaves what the user adds to its server without use, with a warning; keel starts and the plugin can be removed', async () => {
    write(WHOLE);
    await plugin(['add', './p', '--yes']);
    const toml = '[mcp_servers.tools_db]\nnetwork_access = true\n';
    writeFileSync(join(home.path, 'config.toml'), toml);
    expect((await config()).mcpServers).toMatchObject([{ name: 'tools_db' }]);
    for (const change of ['disable', 'remove']) {
      expect((await plugin([change, 'tools'])).code).toBe(0);
      const { mcpServers, warnings } = await config();
      expect([mcpServers, warnings]).toEqual([
        [],
        [expect.stringContaining('mcp_servers.tools_db has neither command nor')],
      ]);
    }
    writeFileSync(join(home.path, 'config.toml'), '[mcp_servers.tools_db]\nargs = ["x"]\n');
    await expect(config()).rejects.toThrow('invalid transport');
  });

  test('does not stop keel by a server or a role that its settings would refuse', async () => {
    write({
      ...WHOLE,
      '.mcp.json': JSON.stringify({
        mcpServers: {
          far: { url: 'https://mcp.example/x', args: [] },
          near: { command: 'node', headers: { a: 'b' } },
          good: { command: 'node' },
        },
      }),
      'agents/empty.md': '---\nname: empty\n---\n---\na: 1\n---\n',
    });
    const { out } = await plugin(['add', './p', '--yes']);
    for (const text of ['server far is not used: args', 'server near is not used: headers', 'it has no text']) {
      expect(out).toContain(text);
    }
    expect((await config()).mcpServers.map(({ name }) => name)).toEqual(['tools_good']);
  });

  test('takes rights for its server from the user alone, and a server of the user\u2019s under its name is theirs', async () => {
    write(WHOLE);
    await plugin(['add', './p', '--yes']);
    const rights = await config(['mcp_servers.tools_db.network_access=true']);
    expect(rights.mcpServers[0]?.transport).toMatchObject({ command: 'node', networkAccess: true });
    const own = await config(['mcp_servers.tools_db.command="mine"']);
    expect(own.mcpServers[0]?.transport).toMatchObject({ command: 'mine', args: [], envVars: [] });
    expect(own.warnings).toEqual([expect.stringContaining('has its own tools_db')]);
    const without = { env: { KEEL_HOME: home.path }, cwd: repo.path, overrides: [], flags: { withoutUserFile: true } };
    expect((await loadConfig(without)).mcpServers).toEqual([]);
  });

  test('is not obeyed when others may write the list of plugins, or when the list is malformed', async () => {
    write(WHOLE);
    await plugin(['add', './p', '--yes']);
    const file = join(home.path, 'plugins.json');
    chmodSync(file, 0o666);
    await expect(config()).rejects.toThrow(/plugins\.json is not used/);
    chmodSync(file, 0o600);
    writeFileSync(file, '{}');
    await expect(config()).rejects.toThrow(/plugins\.json can't be read: remove it/);
  });
});

/** One entry of an archive: a header of `ustar` and its content. */
function entry(name: string, content: string, { type = '0', link = '', mode = 0o644 } = {}): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0, 100);
  header.write(`${mode.toString(8).padStart(7, '0')}\0`, 100);
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write(type, 156);
  header.write(link, 157, 100);
  header.write('ustar\u000000', 257);
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  return Buffer.concat([header, Buffer.from(content), Buffer.alloc((512 - (content.length % 512)) % 512)]);
}
const archive = (...entries: readonly Buffer[]) => gzipSync(Buffer.concat([...entries, Buffer.alloc(1_024)]));

describe('an npm package', () => {
  test('is unpacked without its outer folder', async () => {
    const files = await tarballFiles(archive(entry('package/a/b.sh', 'x', { mode: 0o755 }), entry('package/c', '')));
    expect([...files.values()].map(({ path, isExecutable }) => [path, isExecutable])).toEqual([
      ['a/b.sh', true],
      ['c', false],
    ]);
  });

  test.each<[string, Buffer, RegExp]>([
    ['a path upwards', archive(entry('package/../../evil', 'x')), /leads elsewhere/],
    ['a path upwards at once', archive(entry('../evil', 'x')), /outside of its folder/],
    ['an absolute path', archive(entry('/etc/evil', 'x')), /outside of its folder/],
    ['an absolute path inside', archive(entry('package//etc/evil', 'x')), /leads elsewhere|absolute/],
    ['a link', archive(entry('package/l', '', { type: '2', link: '/etc/passwd' })), /is no file \(SymbolicLink\)/],
    ['a hard link', archive(entry('package/l', '', { type: '1', link: '/etc/passwd' })), /is no file \(Link\)/],
    ['a device', archive(entry('package/d', '', { type: '3' })), /is no file \(CharacterDevice\)/],
    ['a backslash', archive(entry('package/a\\..\\b', 'x')), /characters/],
    ['a control character', archive(entry('package/a\u001b[2J', 'x')), /characters/],
    ['more than it may have', archive(entry('package/big', 'x'.repeat(33 * 1024 * 1024))), /bytes/],
    ['a bomb', gzipSync(Buffer.alloc(48 * 1024 * 1024)), /can't be read/],
    ['no archive', Buffer.from('hello'), /can't be read/],
    ['a truncated archive', archive(entry('package/a', 'x'.repeat(5_000))).subarray(0, 40), /can't be read/],
  ])('is refused with %s', async (_, bytes, reason) => {
    await expect(tarballFiles(bytes)).rejects.toThrow(reason);
  });

  test('is fetched by npm, which runs none of its scripts, and names the version it has', {
    timeout: 60_000,
  }, async () => {
    const marker = join(place.path, 'ran');
    const scripts = Object.fromEntries(
      ['preinstall', 'install', 'postinstall', 'prepare', 'prepack'].map((one) => [one, `touch ${marker}`]),
    );
    const facts = { name: '@acme/tools', version: '3.1.0', scripts, dependencies: { 'left-out': '^1.0.0' } };
    const bytes = archive(
      entry('package/package.json', JSON.stringify(facts)),
      entry('package/skills/a/SKILL.md', skill('a')),
    );
    const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
    const asked: string[] = [];
    const registry = createServer(({ url = '' }, response) => {
      asked.push(url);
      if (url.endsWith('.tgz')) return response.end(bytes);
      const tarball = `${address()}/t.tgz`;
      const version = { ...facts, dist: { tarball, integrity } };
      response.setHeader('content-type', 'application/json');
      return response.end(
        JSON.stringify({ name: facts.name, 'dist-tags': { latest: '3.1.0' }, versions: { '3.1.0': version } }),
      );
    });
    const address = () => `http://127.0.0.1:${(registry.address() as AddressInfo).port}`;
    await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
    try {
      const env = {
        npm_config_registry: address(),
        npm_config_cache: join(place.path, 'cache'),
        OPENAI_API_KEY: 'sk-not-for-npm-123456',
      };
      place.write({ '.npmrc': 'registry=http://127.0.0.1:9/\n' });
      const added = await plugin(['add', '@acme/tools', '--yes'], null, env);
      expect([added.code, added.err]).toEqual([0, expect.stringContaining('Plugin tools is installed')]);
      expect(installed()).toEqual([
        expect.objectContaining({ name: 'tools', version: '3.1.0', source: 'npm:@acme/tools@3.1.0' }),
      ]);
      expect([existsSync(marker), asked.length > 1, readdirSync(join(home.path, 'tmp'))]).toEqual([false, true, []]);
      const missing = await plugin(['add', '@acme/tools@9.0.0', '--yes'], null, env);
      expect([missing.code, missing.err]).toEqual([
        1,
        expect.stringMatching(/^npm can't fetch @acme\/tools@9\.0\.0: .*(?:ETARGET|No matching)/s),
      ]);
    } finally {
      registry.close();
    }
  });

  test('with hooks or servers is refused for packages that it does not bring along', async () => {
    const dependencies = { bundled: '^1.0.0', missing: '~2.1.0' };
    const packed = (more: Readonly<Record<string, string>>) =>
      archive(
        entry('package/package.json', JSON.stringify({ name: 'tools', version: '1.0.0', dependencies })),
        entry('package/node_modules/bundled/package.json', '{}'),
        ...Object.entries(more).map(([path, text]) => entry(`package/${path}`, text)),
      );
    const read = async (bytes: Buffer) => refuseMissingPackages(await readPlugin(await tarballFiles(bytes), 'tools'));
    const server = { '.mcp.json': JSON.stringify({ db: { command: 'node', args: ['x.js'] } }) };
    await expect(read(packed(server))).rejects.toThrow(/are not in it, and keel installs none: missing@~2\.1\.0\./);
    await read(packed({ 'skills/a/SKILL.md': skill('a') }));
    await read(packed({ ...server, 'node_modules/missing/package.json': '{}' }));
  });

  test.each([
    'git+ssh://x/y.git',
    'https://x.example/y.tgz',
    'github:a/b',
    'a/b',
    'file:x',
    'x@file:../y',
    '--prefix=/x',
    'x@npm:y@1',
  ])('can\u2019t be named by %s', async (spec) => {
    const { code, err } = await plugin(['add', '--yes', '--', spec]);
    expect([code, err]).toEqual([1, expect.stringContaining('is neither a folder')]);
  });

  test('with the name of a folder here has to be named unambiguously', async () => {
    write(WHOLE);
    expect((await plugin(['add', 'p', '--yes'])).err).toContain('Write ./p or npm:p');
  });
});
