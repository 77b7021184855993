import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  customCall,
  functionCall,
  httpError,
  type ModelServer,
  message,
  respond,
  type Script,
  startModelServer,
  usage,
} from '../../../src/testing/index.ts';
import { jsonLines, type KeelRun, keelBin, runKeel, startKeel, until } from '../../support/keel.ts';
import { TuiRun } from '../../support/programs/tui.ts';
import { gitRepository, keelHome, type TempDir, tempDir } from '../../support/temp-dir.ts';

let home: TempDir;
let repo: TempDir;
let server: ModelServer;

beforeEach(() => {
  home = keelHome();
  repo = gitRepository();
});
afterEach(async () => {
  await server.close();
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

async function exec(script: Script, args: readonly string[], cwd = repo.path): Promise<KeelRun> {
  server = await startModelServer(script);
  return runKeel(['exec', ...args], { home: home.path, cwd, url: server.url });
}

/** What a terminal of 80 columns gets, and what it shows at the end. */
async function onTerminal(script: Script, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  server = await startModelServer(script);
  const options = { home: home.path, cwd: repo.path, url: server.url, columns: 80, env };
  await using run = new TuiRun(['exec', ...args], options);
  const { code } = await run.ended;
  return { code, bytes: run.bytes.replaceAll('\r\n', '\n') };
}

const markdown = 'It was **off by one**:\n\n- in `date.ts`\n- and nowhere else';
const answer = respond(message(markdown), usage({ input: 100, output: 20 }));
const shell = (script: string, more: object = {}) =>
  functionCall('shell', { command: ['bash', '-c', script], ...more });
const add = (path: string) => customCall('apply_patch', `*** Begin Patch\n*** Add File: ${path}\n+new\n*** End Patch`);

describe('a run in a terminal', () => {
  test('has its answer as Markdown under a heading, and a live line that leaves nothing behind', async () => {
    const steering = respond(message(`${markdown} \u001b]52;c;aGk=\u0007\u001b[2J`), usage({ input: 100, output: 20 }));
    const script = [respond(shell('sleep 1.9', { timeout_ms: 60_000 })), steering];
    const { code, bytes } = await onTerminal(script, ['go']);
    expect(code).toBe(0);
    expect(bytes).toMatch(/\r\u001b\[K\u001b\[\?7l• running 1s.*: bash -c 'sleep 1\.9'\u001b\[\?7h\r\u001b\[K/);
    expect(bytes.lastIndexOf('\r\u001b[K')).toBeGreaterThan(bytes.lastIndexOf('• running'));
    const end = bytes.slice(bytes.lastIndexOf('keel')).replaceAll(/\u001b\[[\d;]*m/g, '');
    expect(end).toBe('keel\nIt was off by one:\n\n- in date.ts\n- and nowhere else ]52;c;aGk=[2J\ntokens used\n120\n');
    expect(bytes).toContain('\u001b[1moff by one\u001b[0m');
  });

  test('gets plain lines where it is dumb', async () => {
    const { bytes } = await onTerminal([respond(shell('sleep 1.4', { timeout_ms: 60_000 })), answer], ['go'], {
      TERM: 'dumb',
    });
    expect(bytes).not.toMatch(/\u001b|\r/);
    expect(bytes).toContain(`\nkeel\n${markdown}\ntokens used\n`);
  });

  test('says how it can be continued there after a failure', async () => {
    const { code, bytes } = await onTerminal(
      [httpError(400, { error: { message: 'no' } })],
      ['--color', 'never', 'go'],
    );
    expect(code).toBe(1);
    expect(bytes).toMatch(/\ncontinue with: keel resume [0-9a-f-]{36}\n$/);
  });
});

describe('a run whose output is piped', () => {
  test('shows the start and the end of a long output, time limits in words, and paths as they are near', async () => {
    mkdirSync(join(repo.path, 'sub'));
    const run = await exec(
      [
        respond(shell('seq 1 300; exit 1')),
        respond(functionCall('shell', { command: ['sleep', '60'], timeout_ms: 500, workdir: 'sub' })),
        respond(shell(`head -c 100000 /dev/zero | tr '\\0' x`)),
        respond(add('sub/n.txt')),
        answer,
      ],
      ['--full-auto', 'go'],
    );
    expect(run.stdout).toBe(`${markdown}\n`);
    expect(run.stderr).not.toContain('off by one');
    expect(run.stderr).toMatch(/ exited 1 in .*:\n1\n2\n(?:\d+\n)*… 250 lines left out …\n(?:\d+\n)*299\n300\n/);
    expect(run.stderr).toMatch(/^sleep 60 in sub\n timed out after 0\.5 s:$/m);
    expect(run.stderr).toMatch(/^x{300}… 99,400 characters left out …x{300}$/m);
    expect(run.stderr).toContain('file update\nA sub/n.txt\n+new\n');
    expect(run.stderr).not.toContain('\u001b');
  });

  test('names itself in one block that fits 80 columns, with what the mode allows and how to change it', async () => {
    const deep = join(repo.path, 'd'.repeat(60), 'e'.repeat(60));
    mkdirSync(deep, { recursive: true });
    const head = async (...args: string[]) => {
      const { stderr } = await exec([answer], [...args, 'go'], deep);
      await server.close();
      return stderr.split('--------\n')[1]?.trimEnd().split('\n') ?? [];
    };
    const modes = [
      [[], /^sandbox: read-only \(no changes; --full-auto allows them in the workdir\)$/],
      [['--full-auto'], /^sandbox: workspace-write \[workdir, \/tmp, \$TMPDIR\] no network \(--add-dir adds\)$/],
      [['--yolo'], /^sandbox: danger-full-access \(nothing is confined; --full-auto confines\)$/],
    ] as const;
    for (const [args, mode] of modes) {
      const rows = await head('-m', 'm'.repeat(90), ...args);
      expect(rows).toHaveLength(4);
      expect(rows[0]).toMatch(/^workdir: ….*e{60}$/);
      expect(rows[2]).toMatch(mode);
      for (const row of rows) expect(row.length).toBeLessThanOrEqual(80);
    }
  });

  test('ends in words when it is interrupted, and says how it is continued', async () => {
    server = await startModelServer([respond(shell('sleep 60', { timeout_ms: 60_000 }))]);
    const live = startKeel(['exec', 'go'], { home: home.path, cwd: repo.path, url: server.url });
    live.child.stdin.end();
    await until(() => live.stderr().includes('sleep 60'));
    live.child.kill('SIGINT');
    const { code, stderr } = await live.ended;
    expect(code).toBe(130);
    expect(stderr).toMatch(/\n interrupted(?: after .*)?:\n/);
    expect(stderr).toMatch(
      /\ninterrupted\n(?:tokens used\n\d+\n)?continue with: keel exec resume [0-9a-f-]{36} PROMPT\n$/,
    );
  });
});

describe('what a run leaves undone', () => {
  const update = (old: string) => `*** Begin Patch\n*** Update File: a.txt\n@@\n-${old}\n+x\n*** End Patch`;
  const refused = 'Nothing was changed: the sandbox is read-only; run again with --full-auto, or trust this folder.';

  test('is in the last line for programs: what, why, and what to do', async () => {
    repo.write({ 'a.txt': 'one\n' });
    const a = join(repo.path, 'a.txt');
    const n = join(repo.path, 'n.txt');
    const script = [
      respond(customCall('apply_patch', update('two'), 'c1')),
      respond(customCall('apply_patch', 'nonsense', 'c2')),
      respond(add('n.txt')),
      answer,
    ];
    const lines = jsonLines((await exec(script, ['--json', 'go'])).stdout);
    const changes = lines.flatMap(({ item }) => (item?.type === 'file_change' ? [item] : []));
    expect(changes).toMatchObject([
      {
        status: 'failed',
        changes: [{ path: a, kind: 'update' }],
        error: { message: expect.stringMatching(/in a\.txt/) },
      },
      { status: 'failed', changes: [], error: { message: expect.stringMatching(/^invalid patch: /) } },
      { status: 'failed', changes: [{ path: n, kind: 'add' }], error: { message: expect.stringMatching(/rejected/) } },
    ]);
    expect(lines.at(-1)).toMatchObject({
      type: 'turn.completed',
      usage: { output_tokens: 20 },
      not_done: {
        message: expect.stringMatching(
          `${refused} These changes failed and were not made later: a.txt, a patch: invalid`,
        ),
        changes: [
          { path: a, status: 'failed', reason: expect.any(String) },
          { path: null, status: 'failed', reason: expect.any(String) },
          { path: n, status: 'declined', reason: expect.any(String) },
        ],
        calls: [],
      },
    });
  });

  test('is nothing where a refused patch would have changed nothing', async () => {
    repo.write({ 'n.txt': 'new\n' });
    const { stderr } = await exec([respond(add('n.txt')), answer], ['go']);
    expect(stderr).toContain('patch rejected');
    expect(stderr).not.toMatch(/not made later|Nothing was changed/);
  });

  test('is nothing where a later patch made the change', async () => {
    repo.write({ 'a.txt': 'one\n' });
    const script = [
      respond(customCall('apply_patch', update('two'), 'c1')),
      respond(customCall('apply_patch', update('one'), 'c2')),
      answer,
    ];
    const { stderr } = await exec(script, ['--full-auto', 'go']);
    expect(stderr).toContain('file update (failed)\nM a.txt\n');
    expect(stderr).toMatch(/^reason: Failed to find expected lines in a\.txt:\ntwo$/m);
    expect(stderr).not.toContain('not made later');
  });
});

test('the first command of the README changes files in a repository that was just made', async () => {
  const readme = readFileSync(join(import.meta.dirname, '../../../README.md'), 'utf8');
  const [command = ''] = readme.match(/^node \S+keel\.js exec .*$/m) ?? [];
  server = await startModelServer([respond(add('date.txt')), answer]);
  using fresh = tempDir();
  const script = `git init --quiet && ${command.replace(/\S+keel\.js/, '"$KEEL"')}`;
  const child = spawn('bash', ['-c', script], {
    cwd: fresh.path,
    stdio: 'ignore',
    env: {
      PATH: `${join(process.execPath, '..')}:${process.env['PATH']}`,
      HOME: home.path,
      KEEL: keelBin,
      OPENAI_BASE_URL: server.url,
      OPENAI_API_KEY: 'k',
    },
  });
  expect(await once(child, 'close')).toEqual([0, null]);
  expect(readFileSync(join(fresh.path, 'date.txt'), 'utf8')).toBe('new\n');
});
