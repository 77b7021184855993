import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { REVIEW_RUBRIC } from '../../src/context/index.ts';
import { Op } from '../../src/protocol/index.ts';
import { parseReview } from '../../src/tasks/parse-review.ts';
import {
  functionCall,
  hang,
  type ModelServer,
  message,
  respond,
  type Script,
  startModelServer,
  usage,
} from '../../src/testing/index.ts';
import { rolloutsIn, runKeel, until } from '../support/keel.ts';
import { type TestSession, type TestSessionOptions, testSession } from '../support/session.ts';
import { slowGit } from '../support/slow-git.ts';
import { gitRepository, type TempDir, tempDir } from '../support/temp-dir.ts';

let home: TempDir;
let repo: TempDir;
let server: ModelServer;
let live: TestSession | null;

beforeEach(() => {
  live = null;
  home = tempDir();
  repo = gitRepository();
});
afterEach(async () => {
  await live?.[Symbol.asyncDispose]();
  await server.close();
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

async function open(script: Script, more: Partial<TestSessionOptions> = {}): Promise<TestSession> {
  server = await startModelServer(script);
  live = await testSession({ url: server.url, home: home.path, cwd: repo.path, ...more });
  return live;
}

const ok = respond(message('ok'), usage({ input: 10, output: 1 }));
const shell = (script: string, id: string) => functionCall('shell', { command: ['bash', '-c', script] }, id);
const review: Op = { type: 'review', target: { type: 'uncommittedChanges' } };
const found = {
  findings: [
    {
      title: '[P1] Close the file',
      body: 'It stays open.\nEach call leaks one.',
      confidence_score: 0.9,
      priority: null,
      code_location: { absolute_file_path: '/w/a.ts', line_range: { start: 3, end: 4 } },
    },
  ],
  overall_correctness: 'patch is incorrect',
  overall_explanation: 'It leaks.',
  overall_confidence_score: 0.8,
};
const reviewed = respond(message(JSON.stringify(found)), usage({ input: 200, output: 20 }));
const turnItems = (events: TestSession['events']) =>
  events.flatMap((event) => (event.type === 'item.completed' ? [event.item.type] : []));

describe('a review', () => {
  test('M69: is entered, left with its findings, and noted in the thread; its words are no message of the agent', async () => {
    const { events } = await open([reviewed]);
    const end = await live?.turn(review);
    expect(end).toMatchObject({ status: 'completed', lastAgentMessage: null });
    expect(turnItems(events)).toEqual(['enteredReviewMode', 'exitedReviewMode']);
    const left = events.find((event) => event.type === 'item.completed' && event.item.type === 'exitedReviewMode');
    expect(left).toMatchObject({ item: { output: found } });
    expect(readFileSync(live?.session.rolloutPath ?? '', 'utf8')).toContain('- [P1] Close the file — /w/a.ts:3-4');
  });

  test('M70, prompts 24: is read from prose, fences and plain text', () => {
    expect(parseReview(`Here:\n\`\`\`json\n${JSON.stringify(found)}\n\`\`\`\nDone.`)).toEqual(found);
    expect(parseReview('Looks fine to me.')).toMatchObject({ findings: [], overall_explanation: 'Looks fine to me.' });
    expect(
      parseReview(JSON.stringify({ ...found, findings: [{ title: 'no place' }, ...found.findings] })).findings,
    ).toHaveLength(1);
    expect(parseReview('{"findings":[]}')).toMatchObject({ findings: [], overall_confidence_score: 0 });
  });

  test('M71: without an answer is noted as interrupted', async () => {
    const empty = respond(usage({ input: 10, output: 0 }));
    await open([empty, empty, empty, ok]);
    await live?.turn(review);
    await live?.say('and?');
    expect(server.requests[3]?.textsOf('user').some((text) => /<user_action>[\s\S]*interrupted/.test(text))).toBe(true);
  });

  test('M72, prompts 24: is asked with the environment and the request alone, by its own rubric and model, without tools that write', async () => {
    home.write({ 'AGENTS.md': 'home rules\n' });
    await open([ok, reviewed], { overrides: ['review_model="gpt-5-codex"', 'model="gpt-4.1"'] });
    await live?.say('earlier words');
    await live?.turn(review);
    const [, child] = server.requests;
    const texts = child?.textsOf('user') ?? [];
    expect(texts).toHaveLength(2);
    expect(texts[0]).toMatch(/^<environment_context>/);
    expect(texts[1]).toMatch(/^Review the uncommitted changes/);
    expect(child?.body['instructions']).toBe(REVIEW_RUBRIC);
    expect(child?.body['model']).toBe('gpt-5-codex');
    expect(JSON.stringify(child?.body['tools'])).not.toContain('apply_patch');
    expect(child?.body['text']).toMatchObject({ format: { type: 'json_schema' } });
  });

  test('M73: leaves no trace of its request or raw answer in what follows', async () => {
    await open([ok, reviewed, ok]);
    await live?.say('one');
    await live?.turn(review);
    await live?.say('two');
    const input = JSON.stringify(server.requests[2]?.input);
    expect(input).not.toContain('Review the uncommitted changes');
    expect(input).not.toContain('overall_correctness');
    expect(server.requests[2]?.textsOf('user').at(-1)).toBe('two');
  });

  test('M74: asks the parent’s user, under its own name and thread', async () => {
    await open([respond(shell('touch asked', 'c1')), reviewed], { overrides: ['approval_policy="untrusted"'] });
    const turn = live?.turn(review);
    const asked = await live?.next('approval.requested');
    expect(asked).toMatchObject({ agent: 'review', request: { callId: 'c1' } });
    expect(asked?.threadId).not.toBe(live?.session.threadId);
    live?.answer('c1', { type: 'approved' });
    expect(await turn).toMatchObject({ status: 'completed' });
    expect(existsSync(join(repo.path, 'asked'))).toBe(true);
  });

  test('M74: an interrupt while it asks ends both', async () => {
    await open([respond(shell('touch asked', 'c1')), ok], { overrides: ['approval_policy="untrusted"'] });
    const turn = live?.turn(review);
    await live?.next('approval.requested');
    live?.session.submit({ type: 'interrupt' });
    expect(await turn).toMatchObject({ status: 'interrupted' });
    await live?.say('next');
    expect(existsSync(join(repo.path, 'asked'))).toBe(false);
  });

  test('M75: interrupted, it is left before its turn ends, and its child sends nothing more', async () => {
    const { events } = await open([respond(hang()), ok]);
    const turn = live?.turn(review);
    await until(() => server.requests.length === 1);
    live?.session.submit({ type: 'interrupt' });
    expect(await turn).toMatchObject({ status: 'interrupted' });
    const left = events.findIndex((event) => event.type === 'item.completed' && event.item.type === 'exitedReviewMode');
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(events.findIndex((event) => event.type === 'turn.completed'));
    expect(events[left]).toMatchObject({ item: { output: null } });
    await live?.say('next');
    expect(server.requests).toHaveLength(2);
    expect(server.requests[1]?.textsOf('user').some((text) => /review[\s\S]*interrupted/.test(text))).toBe(true);
  });

  test('R2, M18: replaces a running turn, which ends first', async () => {
    const { events } = await open([respond(hang()), reviewed]);
    const first = live?.say('go');
    await until(() => server.requests.length === 1);
    const second = live?.turn(review);
    expect(await first).toMatchObject({ status: 'interrupted', abortReason: 'replaced' });
    expect(await second).toMatchObject({ status: 'completed' });
    const ended = events.findIndex((event) => event.type === 'turn.completed');
    const begun = events.findLastIndex((event) => event.type === 'turn.started');
    expect(ended).toBeLessThan(begun);
  });

  test('what the reviewer says on the way is shown, its last message is not; it has no tool for images', async () => {
    const { events } = await open([
      respond(message('I look at the diff.'), shell('true', 'c1')),
      respond(message('Now at the tests.'), shell('true', 'c2')),
      reviewed,
    ]);
    await live?.turn(review);
    const texts = events.flatMap((event) =>
      event.type === 'item.completed' && event.item.type === 'agentMessage' ? [event.item.text] : [],
    );
    expect(texts).toEqual(['I look at the diff.', 'Now at the tests.']);
    expect(JSON.stringify(server.requests[0]?.body['tools'])).not.toContain('view_image');
    expect(server.requests[0]?.headers['codex-task-type']).toBe('review');
  });

  test('a resumed thread shows the same items of reviews, undos, commands and compactions, each under its own id', async () => {
    const { events } = await open([
      ok,
      respond(shell('true', 'c1')),
      reviewed,
      respond(shell('true', 'c1')),
      reviewed,
      ok,
    ]);
    await live?.say('one');
    for (const op of [review, review, { type: 'undo' }, { type: 'userShell', command: 'true' }, { type: 'compact' }]) {
      await live?.turn(Op.parse(op));
    }
    const shown = events.flatMap((event) => (event.type === 'item.completed' ? [event.item] : []));
    expect(new Set(shown.map(({ id }) => id)).size).toBe(shown.length);
    const id = live?.session.threadId ?? '';
    await live?.[Symbol.asyncDispose]();
    const options = { origin: { type: 'resume', id } } as const;
    live = await testSession({ url: server.url, home: home.path, cwd: repo.path, options });
    const { turns } = await live.next('thread.started');
    expect(turns.flatMap(({ items }) => items.map(({ type }) => type))).toEqual(shown.map(({ type }) => type));
    const ids = turns.flatMap(({ items }) => items.map((item) => item.id));
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('a git that hangs keeps no op waiting, and ends with the review', async () => {
    using slow = slowGit();
    await open([respond(hang())], { env: { PATH: `${slow.bin}:${process.env['PATH']}` } });
    const first = live?.say('go');
    await until(() => server.requests.length === 1);
    const second = live?.turn({ type: 'review', target: { type: 'baseBranch', branch: 'main' } });
    expect(await first).toMatchObject({ abortReason: 'replaced' });
    await slow.started();
    live?.session.submit({ type: 'interrupt' });
    expect(await second).toMatchObject({ status: 'interrupted' });
    await until(() => !slow.isAlive());
    expect(turnItems(live?.events ?? [])).toContain('exitedReviewMode');
  });

  test('R18: has a thread of its own, and what it used counts for its parent', async () => {
    await open([ok, reviewed]);
    await live?.say('one');
    await live?.turn(review);
    const rollouts = rolloutsIn(home.path);
    expect(rollouts).toHaveLength(2);
    const metas = rollouts.map((path) => JSON.parse(readFileSync(path, 'utf8').split('\n')[0] ?? '').payload.source);
    expect(metas).toContainEqual({ subagent: 'review' });
    const last = live?.events.findLast((event) => event.type === 'usage.updated');
    expect(last).toMatchObject({ info: { total_token_usage: { total_tokens: 231 } } });
  });

  test('what it used counts also when it is interrupted', async () => {
    await open([respond(shell('touch begun; sleep 67', 'c1'), usage({ input: 200, output: 20 })), ok]);
    const turn = live?.turn(review);
    await until(() => existsSync(join(repo.path, 'begun')));
    live?.session.submit({ type: 'interrupt' });
    expect(await turn).toMatchObject({ status: 'interrupted' });
    await live?.say('next');
    const last = live?.events.findLast((event) => event.type === 'usage.updated');
    expect(last).toMatchObject({ info: { total_token_usage: { total_tokens: 231 } } });
  });

  test('a name that git could take for an option is refused', async () => {
    await open([ok]);
    live?.session.submit({ type: 'review', target: { type: 'baseBranch', branch: '--output=x' } });
    expect(await live?.next('error')).toMatchObject({ error: { kind: 'invalidInput' } });
  });
});

describe('keel review', () => {
  test('prints the review, against a branch by its common ancestor', async () => {
    server = await startModelServer([reviewed]);
    const run = await runKeel(['review', '--base=main'], { home: home.path, cwd: repo.path, url: server.url });
    expect([run.code, run.stderr]).toEqual([0, expect.stringContaining('changes against main')]);
    expect(run.stdout).toContain('It leaks.');
    expect(run.stdout).toContain('- [P1] Close the file — /w/a.ts:3-4');
    expect(server.requests[0]?.textsOf('user').at(-1)).toMatch(/The common ancestor is [0-9a-f]{40}/);
  });

  test('of what is no branch says so, and ends', async () => {
    server = await startModelServer([]);
    const run = await runKeel(['review', '--base', 'no branch'], { home: home.path, cwd: repo.path, url: server.url });
    expect([run.code, run.stdout]).toEqual([1, '']);
    expect(run.stderr).toMatch(/\nkeel: "no branch" is not the name of a branch or a commit\n$/);
  });

  test('exec review takes instructions and tells JSON', async () => {
    server = await startModelServer([reviewed]);
    const run = await runKeel(['exec', 'review', '--json', 'look at the locks'], {
      home: home.path,
      cwd: repo.path,
      url: server.url,
    });
    expect(run.stdout).toContain('"type":"agent_message"');
    expect(server.requests[0]?.textsOf('user').at(-1)).toBe('look at the locks');
  });

  test('two targets are one too many', async () => {
    server = await startModelServer([]);
    expect(
      (
        await runKeel(['review', '--uncommitted', '--base', 'main'], {
          home: home.path,
          cwd: repo.path,
          url: server.url,
        })
      ).code,
    ).toBe(2);
  });
});
