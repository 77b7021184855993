import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  delay,
  functionCall,
  hang,
  type ModelServer,
  message,
  plainItem,
  type RecordedRequest,
  respond,
  type Script,
  startModelServer,
  usage,
} from '../../src/testing/index.ts';
import { jsonLines, keelBin, rolloutsIn, runKeel, startKeel } from '../support/keel.ts';
import { gitRepository, keelHome, type TempDir } from '../support/temp-dir.ts';

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

const place = () => ({ home: home.path, cwd: repo.path, url: server.url });
const open = async (script: Script) => {
  server = await startModelServer(script);
};
const shell = (script: string, id: string) => functionCall('shell', { command: ['bash', '-c', script] }, id);

describe('kill -9 at any instant, and again while it resumes', () => {
  const STEPS = 8;
  const log = () => (existsSync(join(repo.path, 'log')) ? readFileSync(join(repo.path, 'log'), 'utf8').trim() : '');
  const script = (request: RecordedRequest) => {
    const done = request.input.filter((item) => item['type'] === 'function_call_output').length;
    if (done >= STEPS) return respond(message('done'), usage({}));
    const calls = [0, 1].map((at) => shell(`echo ${done + at} >> log; sleep 0.01`, `c${done + at}`));
    return respond(delay(10), message(`step ${done}`), ...calls);
  };

  /** Where in its life a run is killed, ms; drawn again each time, printed when a test fails. */
  const instants = Array.from({ length: 4 }, () => [1, 2, 3].map(() => Math.floor(120 + Math.random() * 900)));

  test.each(instants)(
    'after %i ms, then %i and %i: everything is reported, nothing happens twice',
    async (...waits) => {
      await open(script);
      let id: string | null = null;
      for (const ms of waits) {
        const live = startKeel(['exec', '--yolo', '--json', ...(id === null ? ['go'] : ['resume', id])], place());
        live.child.stdin.end();
        await Promise.race([sleep(ms), live.ended]);
        live.child.kill('SIGKILL');
        const { stdout } = await live.ended;
        // A line that the kill cut off is none.
        const whole = stdout.slice(0, stdout.lastIndexOf('\n') + 1);
        const started = jsonLines(whole).find(({ type }) => type === 'thread.started');
        if (typeof started?.['thread_id'] === 'string') id = started['thread_id'];
      }
      const last = await runKeel(
        ['exec', '--yolo', '--json', ...(id === null ? ['go'] : ['resume', id, 'and?'])],
        place(),
      );
      expect(last.stderr).toBe('');
      expect(jsonLines(last.stdout).at(-1)?.type).toBe('turn.completed');
      const effects = log()
        .split('\n')
        .filter((line) => line !== '');
      expect(new Set(effects).size, `twice: ${effects.join(' ')}`).toBe(effects.length);
      const request = server.requests.at(-1);
      const items = request?.input ?? [];
      const callIds = items.filter((item) => item['type'] === 'function_call').map((item) => item['call_id']);
      const outputs = items.filter((item) => item['type'] === 'function_call_output').map((item) => item['call_id']);
      expect(outputs).toEqual(callIds);
      for (const effect of effects) {
        expect(String(request?.outputOf(`c${effect}`)), effect).toMatch(/Exit code: 0|"exit_code":0|unknown outcome/);
      }
      for (const path of rolloutsIn(home.path)) {
        const broken = readFileSync(path, 'utf8')
          .trimEnd()
          .split('\n')
          .filter((line) => !isJson(line));
        expect(broken.length).toBeLessThanOrEqual(waits.length);
      }
    },
    60_000,
  );

  function isJson(text: string): boolean {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return text === '';
    }
  }
});

test('standard input that is closed, not empty, hangs and breaks nothing', async () => {
  await open([respond(message('hello'))]);
  const command = `exec ${process.execPath} ${keelBin} exec "$1" <&-`;
  const child = spawn('bash', ['-c', command, 'bash', 'go'], {
    cwd: repo.path,
    env: {
      PATH: process.env['PATH'],
      HOME: home.path,
      KEEL_HOME: home.path,
      OPENAI_BASE_URL: server.url,
      OPENAI_API_KEY: 'k',
    },
  });
  let stdout = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.once('close', resolve);
  expect(await promise).toBe(0);
  expect(stdout).toBe('hello\n');
});

test('a delta of 8 MB is one message, whole', async () => {
  const text = 'wörd '.repeat(1_400_000);
  await open([respond(message(text, { deltas: [text] }), usage({}))]);
  const run = await runKeel(['exec', '--json', 'go'], place());
  expect([run.code, run.stderr]).toEqual([0, '']);
  const item = jsonLines(run.stdout).find(({ type }) => type === 'item.completed')?.item;
  expect(item?.['text']).toBe(text);
});

test('items that no version of keel knows are passed over, in the stream and on the disk', async () => {
  const unknown = plainItem({ type: 'hologram_call', id: 'h1', payload: { deep: [1, 2] } });
  await open([respond(unknown, message('seen'), usage({})), respond(message('again'), usage({}))]);
  const first = await runKeel(['exec', '--json', 'go'], place());
  expect(first.code).toBe(0);
  expect(jsonLines(first.stdout).filter(({ type }) => type === 'item.completed')).toHaveLength(1);
  const path = rolloutsIn(home.path)[0] ?? '';
  const line = { timestamp: '2026-11-24T09:00:00.000Z', type: 'response_item', payload: { type: 'hologram_call' } };
  writeFileSync(path, `${readFileSync(path, 'utf8')}${JSON.stringify(line)}\n`);
  const second = await runKeel(['exec', 'resume', '--last', 'more'], place());
  expect([second.code, second.stdout]).toEqual([0, 'again\n']);
  expect(JSON.stringify(server.requests[1]?.input)).not.toContain('hologram');
});

test('names that are not UTF-8 are listed, searched and passed by without harm', async () => {
  const raw = Buffer.concat([Buffer.from(`${repo.path}/caf`), Buffer.from([0xe9, 0xff])]);
  mkdirSync(raw);
  writeFileSync(Buffer.concat([raw, Buffer.from('/file')]), 'needle\n');
  const list = functionCall('list_dir', { dir_path: repo.path }, 'c1');
  const grep = functionCall('grep_files', { pattern: 'needle', path: repo.path }, 'c2');
  await open([respond(list, grep, shell('ls; cat caf*/file', 'c3'), usage({})), respond(message('ok'), usage({}))]);
  const run = await runKeel(['exec', '--json', '-c', 'tools.set="reader"', 'go'], place());
  expect([run.code, run.stderr]).toEqual([0, '']);
  const [, request] = server.requests;
  expect(String(request?.outputOf('c1'))).toContain('caf');
  expect(String(request?.outputOf('c2'))).toContain('file');
  expect(() => jsonLines(run.stdout)).not.toThrow();
});

const STACK = /^\s+at .*:\d+:\d+\)?$/m;

test('a file in the place of a folder of keel is reported in one full sentence', async () => {
  await open([respond(shell('touch made', 'c1'), usage({})), respond(message('ok'), usage({}))]);
  writeFileSync(join(home.path, 'threads'), 'in the way');
  const run = await runKeel(['exec', '--json', 'go'], place());
  expect([run.code, run.stderr]).toEqual([1, '']);
  expect(jsonLines(run.stdout).at(-1)).toMatchObject({
    type: 'turn.failed',
    error: { message: expect.stringMatching(/^the call ledger .* can't be written: /) },
  });
});

test.each([
  ['an exception', 'throw new Error("boom")'],
  ['a promise', 'Promise.reject(new Error("boom"))'],
])('%s that nobody catches is a sentence for the user, and its stack goes to the log', async (_what, fault) => {
  // It comes while the turn waits for its model.
  await open(() => {
    home.write({ asked: '' });
    return respond(hang());
  });
  home.write({
    'fault.mjs': `import { existsSync } from 'node:fs';
      const looking = setInterval(() => {
        if (!existsSync(${JSON.stringify(join(home.path, 'asked'))})) return;
        clearInterval(looking);
        ${fault};
      }, 10);`,
  });
  const env = { NODE_OPTIONS: `--import ${join(home.path, 'fault.mjs')}` };
  const run = await runKeel(['exec', '--json', 'go'], { ...place(), env });
  expect(run.code).toBe(1);
  expect(run.stderr).toBe('keel: internal error: boom\n');
  expect(run.stderr + run.stdout).not.toMatch(STACK);
  expect(readFileSync(join(home.path, 'log/keel.log'), 'utf8')).toMatch(/boom[\s\S]*fault\.mjs/);
});

test('a stack in the log names places in the source, not in the bundle', async () => {
  await open([respond(shell('true', 'c1'), usage({})), respond(message('ok'), usage({}))]);
  const fault = `const { hrtime } = process;
    process.hrtime = (...args) => {
      if (!new Error().stack.includes('/dist/')) return hrtime.call(process, ...args);
      process.hrtime = hrtime;
      throw new Error('boom');
    };`;
  home.write({ 'fault.mjs': `setTimeout(() => { ${fault} }, 20);` });
  await runKeel(['exec', '--json', 'go'], {
    ...place(),
    env: { NODE_OPTIONS: `--import ${join(home.path, 'fault.mjs')}` },
  });
  const log = readFileSync(join(home.path, 'log/keel.log'), 'utf8').replaceAll('\\n', '\n');
  expect(log).toMatch(/boom[\s\S]*\n\s+at src\/[a-z/-]+\.ts:\d+:\d+\n/);
  expect(log).not.toContain('dist/');
});
