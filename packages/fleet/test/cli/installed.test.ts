import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { commands, type Given } from '../../src/cli/commands.ts';
import { addToken, startFront } from '../../src/front/index.ts';
import type { RunningFront } from '../../src/front/start-front.ts';
import type { TurnOutcome } from '../../src/protocol.ts';
import { startFakeEngine } from '../front/fake-engine.ts';

const ended = (message: string): TurnOutcome => {
  return { type: 'ended', status: 'completed', message, error: null, tokens: 40, taken: [] };
};

describe('commands for an installed fleet, through its front', () => {
  let data: string;
  let engine: Awaited<ReturnType<typeof startFakeEngine>>;
  let front: RunningFront;
  let tokens: { readonly ann: string; readonly bob: string };
  /** What becomes of a turn, as soon as it begins. */
  let outcome: TurnOutcome | null;

  beforeEach(async () => {
    data = realpathSync(mkdtempSync(join(tmpdir(), 'keel-fleet-')));
    const tokenFile = join(data, 'tokens.json');
    tokens = { ann: addToken(tokenFile, 'ann'), bob: addToken(tokenFile, 'bob') };
    outcome = ended('done');
    engine = await startFakeEngine({
      submitted: (id) => {
        const end = outcome;
        if (end !== null) setImmediate(() => engine.threads.get(id)?.current && engine.end(id, end));
      },
    });
    front = await startFront({
      ...{ host: '127.0.0.1', port: 0, ingress: engine.url, data, tokenFile, secret: 'the secret of the fleet' },
      ...{ cloneFrom: [`file://${data}/`], workers: ['127.0.0.1'], log: () => undefined },
    });
  });
  afterEach(async () => {
    await front[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
    rmSync(data, { recursive: true, force: true });
  });

  async function keelFleet(name: string, words: readonly string[], values: Given['values'] = {}, token = tokens.ann) {
    const printed: string[] = [];
    const code = await commands[name]?.run({
      ...{ values, words, env: { KEEL_FLEET_URL: front.url, KEEL_FLEET_TOKEN: token } },
      ...{ signal: AbortSignal.timeout(20_000), print: (line) => printed.push(line), log: () => undefined },
    });
    return { code, text: printed.join('\n') };
  }
  const inputs = () => engine.calls.flatMap(({ path, body }) => (path.endsWith('/input') ? [body] : []));
  const onlyThread = () => [...engine.threads.keys()][0] ?? '';

  async function runningThread(): Promise<string> {
    outcome = null;
    void keelFleet('run', ['go']).catch(() => undefined);
    await expect.poll(() => engine.threads.size).toBe(1);
    return onlyThread();
  }

  test('run prints how the turn ended, and where it can be continued', async () => {
    const { code, text } = await keelFleet('run', ['go']);
    expect(code).toBe(0);
    expect(text).toBe(`done\nthread ${onlyThread()}: completed`);
    await keelFleet('run', ['and this'], { thread: onlyThread() });
    expect(engine.threads.get(onlyThread())).toMatchObject({ owner: 'ann', count: 2 });
  });

  test('run works where its options say, by names of the fleet', async () => {
    mkdirSync(join(data, 'directories', 'shared'), { recursive: true });
    await keelFleet('run', ['go'], { directory: 'shared' });
    expect(engine.threads.get(onlyThread())?.place.cwd).toBe(join(data, 'directories', 'shared'));
  });

  test.each([
    [{ cwd: '.' }, 'does not see your directories'],
    [{ directory: 'a', worktree: 'b' }, 'in one place'],
    [{ directory: 'a', cwd: '.' }, 'in one place'],
    [{ revision: 'main' }, '--revision is of'],
    [{ directory: '../etc' }, 'no place like this'],
    [{ directory: 'none' }, 'there is no none in directories'],
    [{ clone: 'https://elsewhere.example/x' }, 'not one that the fleet clones'],
  ])('run refuses a place that is none: %j', async (values, why) => {
    await expect(keelFleet('run', ['go'], values)).rejects.toThrow(why);
    expect(engine.threads.size).toBe(0);
  });

  test('ls shows a user their own threads, newest first', async () => {
    await keelFleet('run', ['one']);
    await keelFleet('run', ['of another'], {}, tokens.bob);
    const { text } = await keelFleet('ls', []);
    expect(text.split('\n')).toHaveLength(2);
    expect(text).toMatch(/^THREAD +USER +STATE/);
    expect(text).toContain('completed: done');
    expect(text).not.toContain('bob');
  });

  test('ls --waiting shows questions, and answer answers the only one', async () => {
    outcome = { type: 'parked', questions: [{ questionId: 'q1', about: 'run make' }] };
    const { code, text } = await keelFleet('run', ['go']);
    expect(code).toBe(3);
    expect(text).toContain('waits for an answer: run make (q1)');
    expect((await keelFleet('ls', [], { waiting: true })).text).toContain('run make');
    await keelFleet('answer', [onlyThread(), 'no'], { message: 'not now' });
    const decision = { type: 'denied', message: 'not now' };
    expect(inputs()).toEqual([{ type: 'answer', questionId: 'q1', decision }]);
  });

  describe('a question of the model', () => {
    const asked = ['Which database?', 'Which port?'].map((question, at) => ({
      ...{ id: `a${at}`, header: 'H', question },
      options: ['One', 'Two\u001b[2J'].map((label) => ({ label, description: '' })),
    }));
    beforeEach(() => {
      outcome = { type: 'parked', questions: [{ questionId: 'q1', about: 'answer: Which database?', asked }] };
    });

    test('is shown with its options, and answered with a text for each of its parts', async () => {
      const { text } = await keelFleet('run', ['go']);
      expect(text).toContain('  Which database? One / Two');
      expect(text).not.toContain('\u001b');
      expect(text).toContain(`answer ${onlyThread()} TEXT TEXT`);
      await keelFleet('answer', [onlyThread(), 'no', 'any free one']);
      const decision = { type: 'approved', content: { a0: 'no', a1: 'any free one' } };
      expect(inputs()).toEqual([{ type: 'answer', questionId: 'q1', decision }]);
    });

    test('takes a message in place of the texts', async () => {
      await keelFleet('run', ['go']);
      await keelFleet('answer', [onlyThread(), 'no'], { message: 'use Postgres' });
      expect(inputs()).toMatchObject([{ decision: { type: 'denied', message: 'use Postgres' } }]);
    });

    test('is not answered by another number of texts', async () => {
      await keelFleet('run', ['go']);
      for (const words of [['yes'], ['a', 'b', 'c']])
        await expect(keelFleet('answer', [onlyThread(), ...words])).rejects.toThrow(
          /2 and not \d:\n {2}Which database\?/,
        );
      expect(inputs()).toEqual([]);
    });
  });

  test('about a call takes one word', async () => {
    outcome = { type: 'parked', questions: [{ questionId: 'q1', about: 'run make' }] };
    await keelFleet('run', ['go']);
    await expect(keelFleet('answer', [onlyThread(), 'yes', 'no'])).rejects.toThrow('one word');
    expect(inputs()).toEqual([]);
  });

  test('steer, interrupt and stop reach a turn that runs', async () => {
    const id = await runningThread();
    await keelFleet('steer', [id, 'and this']);
    await keelFleet('interrupt', [id]);
    await keelFleet('stop', [id]);
    expect(inputs()).toEqual([{ type: 'steer', text: 'and this' }, { type: 'interrupt' }]);
    expect(engine.calls.at(-1)?.path).toBe(`/thread/${id}/stop`);
  });

  test('none of them reaches another user’s thread', async () => {
    const id = await runningThread();
    for (const [name, words] of [
      ['steer', [id, 'x']],
      ['interrupt', [id]],
      ['stop', [id]],
    ] as const)
      await expect(keelFleet(name, words, {}, tokens.bob), name).rejects.toThrow('there is no such thread');
    await expect(keelFleet('answer', [id, 'yes'], {}, tokens.bob)).rejects.toThrow('no question');
    expect(engine.threads.get(id)?.current?.inputs).toEqual([]);
  });

  test.each([
    ['ls', [], { stuck: true }],
    ['continue', [], {}],
    ['drain', ['worker-1'], {}],
  ])('%s is the operator’s, and says how', async (name, words, values) => {
    await expect(keelFleet(name, words, values)).rejects.toThrow(/operator|SIGTERM/);
  });

  test('doctor looks at what a user can see', async () => {
    expect(await keelFleet('doctor', [])).toMatchObject({ code: 0, text: expect.not.stringContaining('FAIL') });
    const { code, text } = await keelFleet('doctor', [], {}, 'wrong');
    expect(code).toBe(1);
    expect(text).toContain(
      'FAIL  the front knows the token, and reaches the engine: a token of this fleet is required',
    );
  });

  test('batch runs lines in places of the fleet, and again what has not ended', async () => {
    const source = join(data, 'repositories', 'app');
    mkdirSync(source, { recursive: true });
    const git = (...args: string[]) => execFileSync('git', ['-C', source, ...args], { stdio: 'pipe' });
    git('init', '-q', '-b', 'main');
    git('-c', 'user.name=a', '-c', 'user.email=a@example.com', 'commit', '-q', '--allow-empty', '-m', 'one');
    const lines = [
      { prompt: 'a clone', work: { type: 'clone', url: `file://${source}`, revision: 'main' } },
      { prompt: 'a work tree', work: { type: 'worktree', repository: 'app' } },
      { prompt: 'nothing', work: { type: 'empty' }, model: 'small' },
    ];
    const file = join(data, 'batch.jsonl');
    writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    const { code, text } = await keelFleet('batch', [file], { concurrency: '2' });
    expect(code).toBe(0);
    expect(
      text
        .split('\n')
        .slice(1)
        .map((row) => /a clone|a work tree|nothing/.exec(row)?.[0]),
    ).toEqual(['a clone', 'a work tree', 'nothing']);
    expect([...engine.threads.values()].map(({ count }) => count)).toEqual([1, 1, 1]);
    expect((await keelFleet('batch', [file])).code).toBe(0);
    expect([...engine.threads.values()].map(({ count }) => count)).toEqual([1, 1, 1]);
  });

  test('batch starts nothing more when its budget is used up', async () => {
    const file = join(data, 'batch.jsonl');
    writeFileSync(file, '{"prompt":"a","work":{"type":"empty"}}\n{"prompt":"b","work":{"type":"empty"}}\n');
    const { code, text } = await keelFleet('batch', [file], { concurrency: '1', 'max-tokens': '40' });
    expect(code).toBe(1);
    expect(text).toContain('the budget of the batch was used up');
    expect(engine.threads.size).toBe(1);
  });
});
