import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { functionCall, type ModelServer, message, respond, startModelServer, usage } from '../../src/testing/index.ts';
import { jsonLines, processesWith, rolloutsIn, runKeel } from '../support/keel.ts';
import { gitRepository, keelHome, type TempDir, tempDir } from '../support/temp-dir.ts';

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

const canMount = process.platform === 'linux' && process.getuid?.() === 0 && tryMount();

function tryMount(): boolean {
  using probe = tempDir();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=0700', 'tmpfs', probe.path], { stdio: 'ignore' });
    execFileSync('umount', [probe.path]);
    return true;
  } catch {
    return false;
  }
}

test.skipIf(!canMount)(
  'a full disk stops the turn with a clear error before an effect that could not be recorded',
  async () => {
    const small = join(home.path, 'small');
    mkdirSync(small);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=0700', 'tmpfs', small]);
    try {
      const long = 'x'.repeat(9_000);
      server = await startModelServer((request) => {
        const done = request.input.filter((item) => item['type'] === 'function_call_output').length;
        return respond(
          message(long),
          functionCall('shell', { command: ['bash', '-c', `echo ${done} >> log`] }, `c${done}`),
        );
      });
      const run = await runKeel(['exec', '--json', 'go'], { home: small, cwd: repo.path, url: server.url });
      expect(run.code).toBe(1);
      expect(jsonLines(run.stdout).at(-1)).toMatchObject({
        type: 'turn.failed',
        error: { message: expect.stringMatching(/ENOSPC|space/) },
      });
      expect(run.stderr).not.toMatch(/^\s+at /m);
      const effects = existsSync(join(repo.path, 'log'))
        ? readFileSync(join(repo.path, 'log'), 'utf8').trim().split('\n')
        : [];
      const recorded = readFileSync(rolloutsIn(small)[0] ?? '', 'utf8');
      for (const effect of effects) expect(recorded).toContain(`"call_id":"c${effect}"`);
      for (const line of recorded.trimEnd().split('\n')) expect(() => JSON.parse(line)).not.toThrow();
    } finally {
      execFileSync('umount', ['-l', small]);
    }
  },
);

test('a home that can’t be written is said in a sentence, and nothing is sent', async () => {
  server = await startModelServer([]);
  writeFileSync(join(home.path, 'sessions'), 'in the way');
  chmodSync(home.path, 0o500);
  const run = await runKeel(['exec', 'go'], { home: home.path, cwd: repo.path, url: server.url });
  chmodSync(home.path, 0o700);
  expect(run).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^keel: a record of this thread can't be created in .*\n$/),
  });
  expect(server.requests).toHaveLength(0);
});

test('a command that prints 100 MB leaves small output everywhere, and the whole of it in a file the model can read', async () => {
  server = await startModelServer((request, index) =>
    index === 0
      ? respond(functionCall('shell', { command: ['bash', '-c', 'seq 1 13000000'], timeout_ms: 60_000 }, 'c1'))
      : index === 1
        ? respond(
            functionCall(
              'shell',
              {
                command: [
                  'bash',
                  '-c',
                  `tail -n 1 ${/ left out; all in (\S+), /.exec(String(request.outputOf('c1')))?.[1]}`,
                ],
              },
              'c2',
            ),
          )
        : respond(message('seen'), usage({})),
  );
  const run = await runKeel(['exec', '--json', '-c', 'tool_output_spill_max_bytes=200000000', 'go'], {
    home: home.path,
    cwd: repo.path,
    url: server.url,
  });
  expect(run.code).toBe(0);
  expect(run.stdout.length).toBeLessThan(400_000);
  expect(String(server.requests[1]?.outputOf('c1')).length).toBeLessThan(12_000);
  expect(server.requests[1]?.outputOf('c1')).toMatch(/lines \d+-\d+ of 13000000 left out; all in /);
  expect(server.requests[2]?.outputOf('c2')).toContain('13000000');
}, 60_000);

test('unusual names in prompts, paths and output do no harm', async () => {
  const name = `a 'b' "c"\n\u00e9 <x>&`;
  const dir = join(repo.path, name);
  mkdirSync(dir);
  writeFileSync(join(dir, 'f'), 'inside\n');
  server = await startModelServer([
    respond(functionCall('shell', { command: ['cat', 'f'], workdir: name }, 'c1')),
    respond(functionCall('shell', { command: ['bash', '-c', "printf '\\xff\\xfe\\xe2\\x82'"] }, 'c2')),
    respond(message('ok'), usage({})),
  ]);
  const run = await runKeel(['exec', '--json', 'go'], { home: home.path, cwd: dir, url: server.url });
  expect(run.code).toBe(0);
  expect(server.requests[0]?.textsOf('user')[0]).not.toContain('<x>');
  const again = await runKeel(['exec', '--json', 'resume', '--last', 'more'], {
    home: home.path,
    cwd: repo.path,
    url: server.url,
  });
  expect(again.code).toBe(1);
  expect(server.requests[2]?.outputOf('c2')).toContain('\ufffd');
});

test.skipIf(!canMount)('a disk that subagents fill ends them and the turn, and keel says why', async () => {
  const small = join(home.path, 'small');
  mkdirSync(small);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=96k,mode=0700', 'tmpfs', small]);
  try {
    server = await startModelServer((request) => {
      const done = request.input.filter((item) => item['type'] === 'function_call_output').length;
      if (request.textsOf('user').some((text) => text.startsWith('<agent_role'))) {
        const echo = { command: ['bash', '-c', `echo ${done} >> log`] };
        return respond(
          message('x'.repeat(9_000)),
          functionCall('shell', echo, `s${done}`),
          usage({ input: 1, output: 1 }),
        );
      }
      const call =
        done === 0
          ? functionCall('spawn_agent', { message: 'fill it' }, 'c0')
          : functionCall('wait', { ids: ['worker-1'], timeout_ms: 60_000 }, `c${done}`);
      return respond(message('y'.repeat(done < 2 ? 1 : 20_000)), call);
    });
    const run = await runKeel(['exec', '--json', '-s', 'danger-full-access', '-c', 'features.multi_agent=true', 'go'], {
      home: small,
      cwd: repo.path,
      url: server.url,
    });
    expect(run.code).toBe(1);
    expect(jsonLines(run.stdout).at(-1)).toMatchObject({
      type: 'turn.failed',
      error: { message: expect.stringMatching(/ENOSPC|space/) },
    });
    expect(run.stdout).toMatch(/"agents_states":\{"[^"]+":\{"status":"errored","message":"[^"]*(?:ENOSPC|space)/);
    expect(run.stderr).not.toMatch(/^\s+at /m);
    const effects = readFileSync(join(repo.path, 'log'), 'utf8').trim().split('\n');
    expect(new Set(effects).size).toBe(effects.length);
    expect(processesWith(small)).toEqual([]);
  } finally {
    execFileSync('umount', ['-l', small]);
  }
});
