import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { REVIEW_RUBRIC } from '../../../../src/context/index.ts';
import { parseReview } from '../../../../src/engine/session/tasks/parse-review.ts';
import { Op, type ReviewTarget } from '../../../../src/foundation/protocol/index.ts';
import { functionCall, hang, message, respond, usage } from '../../../../src/testing/index.ts';
import { jsonLines, rolloutsIn, until } from '../../../support/keel.ts';
import { liveSession } from '../../../support/sessions/live-session.ts';
import { runCommandLine } from '../../../support/programs/resident-keel.ts';
import type { TestSession } from '../../../support/session.ts';
import { slowGit } from '../../../support/slow-git.ts';
import { tempDir } from '../../../support/temp-dir.ts';

const { home, live, open, reopen, repo, serve, server } = liveSession();

// A clean work tree has nothing to review.
beforeEach(() => repo.write({ 'change.ts': 'changed\n' }));

const ok = respond(message('ok'), usage({ input: 10, output: 1 }));
const shell = (script: string, id: string) => functionCall('shell', { command: ['bash', '-c', script] }, id);
const verdict = {
  type: 'object',
  properties: { verdict: { type: 'string' } },
  required: ['verdict'],
  additionalProperties: false,
};
const review: Extract<Op, { type: 'review' }> = { type: 'review', target: { type: 'uncommittedChanges' } };
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
    await reopen({ options });
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
    // The reviewer was not asked yet.
    expect(turnItems(live?.events ?? [])).not.toContain('enteredReviewMode');
    expect(server.requests).toHaveLength(1);
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

  test.each<[string, ReviewTarget, RegExp]>([
    ['a branch', { type: 'baseBranch', branch: 'no-such-branch' }, /no branch or commit no-such-branch/],
    ['a commit', { type: 'commit', sha: 'deadbeefdeadbeef', title: null }, /no commit deadbeefdeadbeef/],
    ['a tag of no commit', { type: 'commit', sha: 'HEAD~7', title: null }, /no commit HEAD~7/],
  ])('of %s that does not exist fails before any request, and the thread continues', async (_, target, reason) => {
    const { events } = await open([ok]);
    expect(await live?.turn({ type: 'review', target })).toMatchObject({
      status: 'failed',
      error: { kind: 'invalidInput', message: expect.stringMatching(reason) },
    });
    expect([server.requests.length, turnItems(events)]).toEqual([0, []]);
    expect(await live?.say('next')).toMatchObject({ status: 'completed' });
    expect(JSON.stringify(server.requests[0]?.input)).not.toContain('user_action');
  });

  test.each<[string, ReviewTarget]>([
    ['uncommitted changes', { type: 'uncommittedChanges' }],
    ['a branch', { type: 'baseBranch', branch: 'main' }],
    ['a commit', { type: 'commit', sha: 'HEAD', title: null }],
  ])('of %s fails where there is no repository, and where there is no git', async (_, target) => {
    using empty = tempDir();
    await open([], { cwd: empty.path });
    expect(await live?.turn({ type: 'review', target })).toMatchObject({
      error: { message: expect.stringContaining(`${empty.path} is not inside a Git repository`) },
    });
    await live?.[Symbol.asyncDispose]();
    await server.close();
    await open([], { env: { PATH: empty.path } });
    expect(await live?.turn({ type: 'review', target })).toMatchObject({
      error: { kind: 'invalidInput', message: expect.stringContaining('install git') },
    });
    expect(server.requests).toHaveLength(0);
  });

  test('a base is found as a branch of origin alone, and as a commit or a tag', async () => {
    const git = (...args: string[]) => execFileSync('git', args, { cwd: repo.path, encoding: 'utf8' }).trim();
    const head = git('rev-parse', 'HEAD');
    git('update-ref', 'refs/remotes/origin/elsewhere', head);
    git('tag', 'v1');
    const bases = ['elsewhere', 'origin/elsewhere', 'v1', head.slice(0, 12)];
    await open(bases.map(() => reviewed));
    for (const branch of bases) {
      const end = await live?.turn({ type: 'review', target: { type: 'baseBranch', branch } });
      expect(end).toMatchObject({ status: 'completed' });
      expect(server.requests.at(-1)?.textsOf('user').at(-1)).toContain(`The common ancestor is ${head}`);
    }
  });

  test.each<[string, ReviewTarget, string]>([
    ['a clean work tree', { type: 'uncommittedChanges' }, 'there are no uncommitted changes'],
    ['a branch that HEAD is', { type: 'baseBranch', branch: 'main' }, 'HEAD has nothing that main has not'],
  ])('of %s is refused, and asks no model', async (_, target, reason) => {
    rmSync(join(repo.path, 'change.ts'));
    const { events } = await open([]);
    expect(await live?.turn({ type: 'review', target })).toMatchObject({
      status: 'failed',
      error: { kind: 'invalidInput', message: expect.stringContaining(reason) },
    });
    expect([server.requests.length, turnItems(events)]).toEqual([0, []]);
  });

  test('the reviewer of a commit gets its whole hash and its title', async () => {
    await open([reviewed]);
    await live?.turn({ type: 'review', target: { type: 'commit', sha: 'HEAD', title: null } });
    expect(server.requests[0]?.textsOf('user').at(-1)).toMatch(/^Review commit [0-9a-f]{40} \("start"\)/);
  });

  test('with a schema is asked for in that form, and is that JSON, for people too', async () => {
    const { events } = await open([respond(message('{"verdict":"fine"}')), ok]);
    await live?.turn({ ...review, outputSchema: verdict });
    expect(server.requests[0]?.body['text']).toMatchObject({ format: { type: 'json_schema', schema: verdict } });
    const told = String(server.requests[0]?.body['instructions']);
    expect([told.includes(JSON.stringify(verdict)), told.includes('{"findings":[')]).toEqual([true, false]);
    const left = events.find((event) => event.type === 'item.completed' && event.item.type === 'exitedReviewMode');
    expect(left).toMatchObject({ item: { review: '{"verdict":"fine"}', output: null } });
    await live?.say('next');
    expect(JSON.stringify(server.requests[1]?.input)).toContain('verdict');
  });

  test('a schema that no provider takes is refused before any request', async () => {
    await open([]);
    const end = await live?.turn({ ...review, outputSchema: { type: 'object', properties: { a: {} } } });
    expect(end).toMatchObject({ status: 'failed', error: { message: expect.stringContaining('output schema') } });
    expect(server.requests).toHaveLength(0);
  });
});

describe('keel review', () => {
  const run = (...args: string[]) => runCommandLine(args, { home: home.path, cwd: repo.path, url: server.url });

  test.each([
    ['--base', 'no-such-branch'],
    ['--commit', 'deadbeefdeadbeef'],
  ])('%s of what does not exist ends with 1 and a JSON line, and sends nothing', async (...target) => {
    await serve([]);
    const { code, stdout, stderr } = await run('review', '--json', ...target);
    expect([code, server.requests.length]).toEqual([1, 0]);
    expect(jsonLines(stdout).at(-1)).toMatchObject({
      type: 'turn.failed',
      error: { message: expect.stringContaining(target[1]) },
    });
    expect(stderr).not.toContain('internal');
  });

  test('writes a review that fits the schema to stdout and the file; what does not fit is asked for again', async () => {
    home.write({ 'schema.json': JSON.stringify(verdict) });
    const options = ['--output-schema', join(home.path, 'schema.json'), '-o', join(repo.path, 'out.json')];
    await serve([respond(message('prose')), respond(message('{"verdict":"fine"}'))]);
    const first = await run('exec', 'review', ...options);
    expect([first.code, first.stdout]).toEqual([0, '{"verdict":"fine"}\n']);
    expect(readFileSync(join(repo.path, 'out.json'), 'utf8')).toBe('{"verdict":"fine"}');
    expect(server.requests).toHaveLength(2);
    await server.close();
    await serve([respond(message('prose')), respond(message('prose again'))]);
    const second = await run('exec', 'review', ...options);
    expect([second.code, second.stdout]).toEqual([1, '']);
    expect(second.stderr).toContain('does not fit the output schema');
    expect(readFileSync(join(repo.path, 'out.json'), 'utf8')).toBe('');
  });

  test('prints the review, against a branch by its common ancestor', async () => {
    await serve([reviewed]);
    const run = await runCommandLine(['review', '--base=main'], { home: home.path, cwd: repo.path, url: server.url });
    expect([run.code, run.stderr]).toEqual([0, expect.stringContaining('changes against main')]);
    expect(run.stdout).toContain('It leaks.');
    expect(run.stdout).toContain('- [P1] Close the file — /w/a.ts:3-4');
    expect(server.requests[0]?.textsOf('user').at(-1)).toMatch(/The common ancestor is [0-9a-f]{40}/);
  });

  test('of what is no branch says so, and ends', async () => {
    await serve([]);
    const run = await runCommandLine(['review', '--base', 'no branch'], {
      home: home.path,
      cwd: repo.path,
      url: server.url,
    });
    expect([run.code, run.stdout]).toEqual([1, '']);
    expect(run.stderr).toMatch(/\nkeel: "no branch" is not the name of a branch or a commit\n$/);
  });

  test('exec review takes instructions and tells JSON', async () => {
    await serve([reviewed]);
    const run = await runCommandLine(['exec', 'review', '--json', 'look at the locks'], {
      home: home.path,
      cwd: repo.path,
      url: server.url,
    });
    expect(run.stdout).toContain('"type":"agent_message"');
    expect(server.requests[0]?.textsOf('user').at(-1)).toBe('look at the locks');
  });

  test('two targets are one too many', async () => {
    await serve([]);
    expect(
      (
        await runCommandLine(['review', '--uncommitted', '--base', 'main'], {
          home: home.path,
          cwd: repo.path,
          url: server.url,
        })
      ).code,
    ).toBe(2);
  });
});
