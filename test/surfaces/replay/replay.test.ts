import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { replayThread } from '../../../src/surfaces/replay/index.ts';
import {
  cut,
  functionCall,
  hang,
  type ModelServer,
  message,
  reasoning,
  respond,
  type Script,
  startModelServer,
  usage,
} from '../../../src/testing/index.ts';
import { type TestSession, type TestSessionOptions, testSession } from '../../support/session.ts';
import { gitRepository, keelHome, type TempDir } from '../../support/temp-dir.ts';
import { sampleThread } from '../export/sample-thread.ts';
import { expectSame, type Line, pathOf, replayed, replayedWith } from './support.ts';

let home: TempDir;
let repo: TempDir;
let server: ModelServer | null;

beforeEach(() => {
  home = keelHome();
  repo = gitRepository({ 'AGENTS.md': 'Write short sentences.\n', 'a.txt': 'one\n' });
  server = null;
});
afterEach(async () => {
  await server?.close();
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

async function open(script: Script, more: Partial<TestSessionOptions> = {}): Promise<TestSession> {
  server = await startModelServer(script);
  return testSession({ url: server.url, home: home.path, cwd: repo.path, ...more });
}

async function again(id: string, more: Partial<TestSessionOptions['options']> = {}, overrides: readonly string[] = []) {
  const options = { origin: { type: 'resume', id } as const, ...more };
  return testSession({ url: server?.url ?? '', home: home.path, cwd: repo.path, overrides, options });
}

const shell = (script: string, id: string) => functionCall('shell', { command: ['bash', '-c', script] }, id);
const ok = respond(message('ok'), usage({ input: 90, output: 10 }));

describe('what was recorded goes the same way again', () => {
  test('a thread with plans, patches, a retry, a compaction and a command of the user’s', async () => {
    const { path } = await sampleThread(home);
    const report = await replayThread(path);
    expectSame(report, 9);
    expect(report.turns).toEqual({ run: 4, all: 5 });
    expect(report.notes).toEqual([]);
  });

  test('calls that run side by side, reasoning of several turns, and a stream that breaks after a call', async () => {
    const live = await open([
      respond(reasoning(['a']), shell('echo one', 'c1'), shell('sleep 0.05; echo two', 'c2')),
      respond(reasoning(['b']), shell('echo three', 'c3'), cut()),
      respond(reasoning(['c']), message('done')),
      ok,
    ]);
    await live.say('go');
    await live.say('and again');
    expectSame(await replayed(live), 4);
  });

  test('an interrupted turn and what follows it', async () => {
    const live = await open([
      respond(message('first'), shell('echo begun; sleep 30', 'c1'), shell('echo never', 'c2')),
      respond(message('half'), hang()),
      ok,
    ]);
    for (const type of ['commandExecution', 'agentMessage'] as const) {
      const turn = live.turn({ type: 'userInput', items: [{ type: 'text', text: 'go' }] });
      if (type === 'commandExecution') await live.next('item.started', ({ item }) => item.type === type);
      else await live.next('item.completed', ({ item }) => item.type === type && item.text === 'half');
      live.session.submit({ type: 'interrupt' });
      expect(await turn).toMatchObject({ status: 'interrupted' });
    }
    await live.say('go on');
    expectSame(await replayed(live), 3);
  });

  test('steered words, and settings that change between turns', async () => {
    const live = await open([respond(shell('sleep 0.3', 'c1')), respond(message('seen')), ok, ok]);
    const turn = live.say('go');
    await live.next('item.started', ({ item }) => item.type === 'commandExecution');
    live.session.submit({ type: 'userInput', items: [{ type: 'text', text: 'and this' }] });
    await turn;
    mkdirSync(join(repo.path, 'sub'));
    live.session.submit({
      type: 'overrideTurnContext',
      settings: { cwd: join(repo.path, 'sub'), model: 'gpt-5-codex', effort: 'high', approvalPolicy: 'never' },
    });
    await live.say('elsewhere');
    rmSync(join(repo.path, 'sub'), { recursive: true });
    expectSame(await replayed(live), 3);
  });

  test('instructions, tools and limits of the user’s own come from the record', async () => {
    const instructions = join(home.path, 'own.md');
    writeFileSync(instructions, 'Do as you are told.');
    const overrides = [
      `model_instructions_file="${instructions}"`,
      'tools.set="reader"',
      'model_auto_compact_token_limit=1000',
      'model_verbosity="low"',
      'compact_prompt="Sum it up"',
      'compact_model="gpt-4.1"',
    ];
    const big = respond(message('long'), usage({ input: 1500, output: 10 }));
    const live = await open([big, respond(message('## Goal\ng'), usage({ input: 100, output: 5 })), ok], { overrides });
    await live.say('one');
    await live.turn({
      type: 'userInput',
      items: [{ type: 'text', text: 'two' }],
      outputSchema: { type: 'object', properties: {}, required: [], additionalProperties: false },
    });
    rmSync(instructions);
    const report = await replayed(live);
    expectSame(report, 3);
    expect(report.turns).toEqual({ run: 2, all: 2 });
  });

  test('a thread that was resumed in other processes, and its fork', async () => {
    const first = await open([ok, respond(shell('cat a.txt', 'c1')), ok, ok, ok, ok]);
    await first.say('one');
    await first[Symbol.asyncDispose]();
    const second = await again(first.session.threadId);
    await second.say('two');
    await second[Symbol.asyncDispose]();
    const third = await again(first.session.threadId, {}, ['approval_policy="never"']);
    await third.say('three');
    expectSame(await replayed(third), 4);
    const fork = await again('', { origin: { type: 'fork', id: first.session.threadId, userMessages: 2 } });
    await fork.say('another way');
    expectSame(await replayed(fork), 4);
  });

  test('turns that were taken back are gone for those that follow', async () => {
    const first = await open([ok, respond(message('to be forgotten')), ok]);
    await first.say('one');
    await first.say('two');
    const path = pathOf(first);
    await first[Symbol.asyncDispose]();
    const fork = await again('', { origin: { type: 'fork', id: first.session.threadId, userMessages: 1 } });
    await fork.say('two, but otherwise');
    const other = readFileSync(pathOf(fork), 'utf8').trimEnd().split('\n');
    await fork[Symbol.asyncDispose]();
    const own = other.slice(other.findLastIndex((line) => line.includes('"task_started"')));
    const report = await replayedWith(path, (lines) => [
      ...lines,
      { type: 'event_msg', payload: { type: 'thread_rolled_back', num_turns: 1 } },
      ...own.map((line) => JSON.parse(line)),
    ]);
    expectSame(report, 3);
    expect(report.turns).toEqual({ run: 3, all: 3 });
  });

  test('another model that gets what was said in another form, also after a resume', async () => {
    const live = await open([respond(shell('echo one', 'c1')), ok, ok, ok], { overrides: ['model="gpt-4.1"'] });
    await live.say('one');
    live.session.submit({ type: 'overrideTurnContext', settings: { model: 'gpt-5-codex' } });
    await live.say('two');
    await live[Symbol.asyncDispose]();
    const resumed = await again(live.session.threadId, {}, ['model="gpt-5-codex"']);
    await resumed.say('three');
    expectSame(await replayed(resumed), 4);
  });

  test('a turn that continues after a crash, from any line on', async () => {
    const live = await open((request) => {
      const outputs = request.input.filter((item) => item['type'] === 'function_call_output').length;
      if (outputs === 0) return respond(reasoning(['look']), message('first'), shell('echo one', 'c1'));
      return outputs === 1 ? respond(shell('echo two', 'c2'), shell('echo three', 'c3')) : ok;
    });
    await live.say('go');
    await live[Symbol.asyncDispose]();
    const lines = readFileSync(pathOf(live), 'utf8').trimEnd().split('\n');
    const begin = lines.findIndex((line) => line.includes('"input-0"') && line.includes('"end"'));
    for (let at = begin + 1; at < lines.length - 1; at += 3) {
      writeFileSync(pathOf(live), lines.slice(0, at).join('\n'));
      const resumed = await again(live.session.threadId, { unfinishedTurn: at % 2 ? 'continue' : 'interrupt' });
      if (at % 2) await resumed.next('turn.completed');
      await resumed.say('more');
      const report = await replayed(resumed);
      expect(report.differences, `cut after line ${at}`).toEqual([]);
    }
  });

  test('a review, its own thread too, and an undo', async () => {
    const findings = JSON.stringify({
      ...{ findings: [], overall_correctness: 'patch is correct', overall_explanation: 'fine' },
      overall_confidence_score: 1,
    });
    const patch = '*** Begin Patch\n*** Add File: new.txt\n+x\n*** End Patch';
    const live = await open(
      (request) => {
        const wasReview = request.body['instructions']?.toString().startsWith('You review');
        if (wasReview) return respond(message(findings), usage({ input: 50, output: 5 }));
        const outputs = request.input.filter((item) => item['type'] === 'function_call_output').length;
        return outputs === 0 ? respond(functionCall('apply_patch', { input: patch }, 'c1')) : ok;
      },
      { overrides: ['features.ghost_commit=true', 'model="gpt-5"'] },
    );
    await live.say('add it');
    await live.turn({ type: 'review', target: { type: 'uncommittedChanges' } });
    await live.turn({ type: 'undo' });
    await live.say('and now');
    expectSame(await replayed(live), 3);
    const { rolloutsIn } = await import('../../support/keel.ts');
    const child = rolloutsIn(home.path).find((path) => path !== pathOf(live));
    expectSame(await replayThread(child ?? ''), 1);
  });
});

describe('differences are reported with their places', () => {
  const secondTurn = (lines: Line[]) => lines.filter(({ payload }) => payload['kind'] === 'sampling').at(-2);

  test('other instructions, tools or options: which, in which turn and step', async () => {
    const { path } = await sampleThread(home);
    for (const part of ['instructions', 'tools', 'options']) {
      const report = await replayedWith(path, (lines) => {
        const asks = secondTurn(lines)?.payload['asks'];
        if (typeof asks === 'object') Object.assign(asks ?? {}, { [part]: '0123456789ab:77' });
        return lines;
      });
      expect(report.same).toBe(false);
      expect(report.differences).toEqual([
        expect.objectContaining({ type: 'request', turn: 5, step: 'sampling-1', part, was: '0123456789ab:77' }),
      ]);
    }
  });

  test('an item that was changed, in the first request that has it', async () => {
    const { path } = await sampleThread(home);
    const report = await replayedWith(path, (lines) =>
      lines.map((line) =>
        line.step?.startsWith('input-') && JSON.stringify(line).includes('Count to nine')
          ? { ...line, payload: { ...line.payload, content: [{ type: 'input_text', text: 'Count to ten.' }] } }
          : line,
      ),
    );
    expect(report.differences[0]).toMatchObject({
      ...{ type: 'input', turn: 2, step: 'sampling-1', change: 'changed', wasText: null },
      nowText: '{"type":"message","role":"user","content":[{"type":"input_text","text":"Count to ten."}]}',
    });
  });

  test('items that come in another order, or are not there any more: with what they were', async () => {
    const { path } = await sampleThread(home);
    const gone = await replayedWith(path, (lines) =>
      lines.filter((line) => !(line.type === 'response_item' && JSON.stringify(line).includes('I will look at how'))),
    );
    expect(gone.differences[0]).toMatchObject({ type: 'input', turn: 1, step: 'sampling-2', change: 'missing' });
    const swapped = await replayedWith(path, (lines) => {
      const at = lines.findIndex((line) => line.payload['type'] === 'reasoning');
      return lines.toSpliced(at, 2, ...lines.slice(at, at + 2).reverse());
    });
    expect(swapped.differences[0]).toMatchObject({
      ...{ type: 'input', turn: 1, step: 'sampling-2', item: 2 },
      wasText: expect.stringContaining('"type":"reasoning"'),
      nowText: expect.stringContaining('I will look at how'),
    });
  });

  test('a turn that takes other steps, continues, or ends differently', async () => {
    const live = await open([respond(shell('echo one', 'c1')), ok]);
    await live.say('go');
    const path = pathOf(live);
    await live[Symbol.asyncDispose]();
    const without = (text: string) => (lines: Line[]) => lines.filter((line) => !JSON.stringify(line).includes(text));
    const other = await replayedWith(path, without('"sampling-1"'));
    expect(other.differences[0]).toMatchObject({
      type: 'steps',
      turn: 1,
      message: expect.stringContaining('sampling-1'),
    });
    const onward = await replayedWith(path, without('"sampling-2"'));
    expect(onward.differences[0]).toMatchObject({ type: 'steps', message: expect.stringContaining('sampling-2') });
    const word = await replayedWith(path, (lines) =>
      lines.map((line) =>
        line.payload['type'] === 'task_complete'
          ? { ...line, payload: { ...line.payload, last_agent_message: 'something else' } }
          : line,
      ),
    );
    expect(word.differences).toEqual([{ type: 'outcome', turn: 1, was: 'something else', now: 'ok' }]);
  });
});

describe('records without fingerprints', () => {
  const withoutMarks = (lines: Line[]): Line[] =>
    lines
      .filter(({ type, payload }) => type !== 'step' && payload['type'] !== 'task_started')
      .map(({ turn: _, step: __, ...line }) => line);

  test('keel’s own of earlier days run by their steps, and say that the requests are not compared', async () => {
    const { path } = await sampleThread(home);
    const report = await replayedWith(path, (lines) => {
      for (const { payload } of lines) {
        Reflect.deleteProperty(payload, 'asks');
        Reflect.deleteProperty(payload, 'setup');
      }
      return lines;
    });
    expect(report).toMatchObject({ same: true, turns: { run: 4 }, requests: { compared: 0, all: 9 } });
    expect(report.notes).toEqual([expect.stringMatching(/^9 of 9 requests were recorded without a fingerprint/)]);
  });

  test('other programs’ are taken through as a conversation', async () => {
    const { path } = await sampleThread(home);
    const report = await replayedWith(path, withoutMarks);
    expect(report).toMatchObject({ same: true, turns: { run: 0 }, requests: { compared: 0 } });
    // Seven, and one more where the output of a quick call was written before the next call of the same response.
    expect(report.requests.all).toBeGreaterThanOrEqual(7);
  });

  test('an output without its call is reported', async () => {
    const { path } = await sampleThread(home);
    const report = await replayedWith(path, (lines) =>
      withoutMarks(lines).filter((line) => line.payload['type'] !== 'function_call'),
    );
    expect(report.notes.join('\n')).toContain('repaired');
  });
});
