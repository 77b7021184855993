import { existsSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ApprovalDecision } from '../../../../src/foundation/protocol/index.ts';
import {
  functionCall,
  type ModelServer,
  message,
  type RecordedRequest,
  respond,
  startModelServer,
} from '../../../../src/testing/index.ts';
import type { DyingSession } from '../../../support/sessions/dying-session.ts';
import { rolloutsIn } from '../../../support/keel.ts';
import { says, type TestSession, testSession } from '../../../support/session.ts';
import { gitRepository, type TempDir, tempDir } from '../../../support/temp-dir.ts';
import { untilDeath } from '../../../support/sessions/until-death.ts';

let home: TempDir;
let repo: TempDir;
let server: ModelServer;

beforeEach(() => {
  overrides = UNTRUSTED;
  home = tempDir();
  repo = gitRepository();
});
afterEach(async () => {
  await server.close();
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

const UNTRUSTED = ['approval_policy="untrusted"'];
const ONLY_THE_WORKSPACE = [
  ...UNTRUSTED,
  'sandbox_mode="workspace-write"',
  'sandbox_workspace_write.exclude_slash_tmp=true',
  'sandbox_workspace_write.exclude_tmpdir_env_var=true',
];
let overrides = UNTRUSTED;
const place = () => ({ url: server.url, home: home.path, cwd: repo.path, overrides });
const yes: ApprovalDecision = { type: 'approved' };

/** Calls the commands one a response, then ends. */
function oneByOne(...scripts: readonly string[]) {
  return (request: RecordedRequest) => {
    const done = request.input.filter((item) => item['type'] === 'function_call_output').length;
    const script = scripts[done];
    if (script === undefined) return respond(message('done'));
    return respond(functionCall('shell', { command: ['bash', '-c', script] }, `c${done}`));
  };
}

const dies = (how: Omit<DyingSession, 'place'>) => untilDeath({ place: place(), ...how });
const goesOn = (id: string) =>
  testSession({ ...place(), options: { origin: { type: 'resume', id }, unfinishedTurn: 'continue' } });
const questions = (live: TestSession) => live.events.filter(({ type }) => type === 'approval.requested');
const effects = () => {
  const path = join(repo.path, 'log');
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
};

const ASKED = '"kind":"external","state":"begin"';
const DECIDED = '"kind":"external","state":"end"';

describe('approvals are steps of the turn', () => {
  test('killed after a yes was recorded and before the command ran: it runs once, and nobody is asked again', async () => {
    server = await startModelServer(oneByOne('echo ran >> log'));
    const id = await dies({ resume: null, text: 'go', decision: yes, dieAfter: DECIDED });
    expect(effects()).toBe('');
    await using live = await goesOn(id);
    expect(await live.next('turn.completed')).toMatchObject({ status: 'completed' });
    expect(questions(live)).toEqual([]);
    expect(effects()).toBe('ran\n');
    expect(server.requests.at(-1)?.outputOf('c0')).toMatch(/^Exit code: 0/);
  });

  test('killed after a no was recorded: the model gets the same words, and nothing runs', async () => {
    server = await startModelServer(oneByOne('echo ran >> log'));
    const no = { type: 'denied', message: 'not today' } as const;
    const id = await dies({ resume: null, text: 'go', decision: no, dieAfter: DECIDED });
    await using live = await goesOn(id);
    await live.next('turn.completed');
    expect(questions(live)).toEqual([]);
    expect(server.requests.at(-1)?.outputOf('c0')).toBe("exec command rejected by user\nThe user's reason: not today");
    expect(effects()).toBe('');
  });

  test('killed while it waits, twice: the question is asked again under the same id, and then it runs', async () => {
    server = await startModelServer(oneByOne('echo ran >> log'));
    const id = await dies({ resume: null, text: 'go', decision: null, dieAfter: ASKED });
    await dies({ resume: id, text: null, decision: null, dieAfter: ASKED });
    await using live = await goesOn(id);
    const { request } = await live.next('approval.requested');
    expect(request).toMatchObject({ type: 'command', callId: 'c0' });
    const journal = readFileSync(rolloutsIn(home.path)[0] ?? '', 'utf8');
    // The journal names the question as the request does, but for the thread.
    const inTurn = request.questionId.replace(`${id}/`, '');
    expect(journal.split(`"id":"approval-${inTurn}","kind":"external"`)).toHaveLength(4);
    expect(effects()).toBe('');
    live.answer('c0', yes);
    expect(await live.next('turn.completed')).toMatchObject({ status: 'completed' });
    expect(effects()).toBe('ran\n');
  });

  test('killed right after the yes and the start were written: the outcome is unknown, and it never runs twice', async () => {
    server = await startModelServer(oneByOne('echo ran >> log'));
    const id = await dies({ resume: null, text: 'go', decision: yes, dieAfter: '"state":"started"' });
    await using live = await goesOn(id);
    await live.next('turn.completed');
    expect(questions(live)).toEqual([]);
    expect(effects()).toBe('');
    expect(server.requests.at(-1)?.outputOf('c0')).toContain('unknown outcome');
  });

  test('killed while the second question of a call waits: it is asked again, and the run inside is not repeated', async () => {
    using outside = tempDir();
    server = await startModelServer(oneByOne(`echo tried >> log; touch ${outside.path}/made`));
    overrides = ONLY_THE_WORKSPACE;
    const id = await dies({ resume: null, text: 'go', decision: yes, dieAfter: ASKED, time: 2 });
    expect(effects()).toBe('tried\n');
    await using live = await goesOn(id);
    const { request } = await live.next('approval.requested');
    expect(request).toMatchObject({ callId: 'c0', escalated: true });
    expect(effects()).toBe('tried\n');
    live.answer('c0', yes);
    expect(await live.next('turn.completed')).toMatchObject({ status: 'completed' });
    expect(questions(live)).toHaveLength(1);
    expect(effects()).toBe('tried\ntried\n');
    expect(existsSync(join(outside.path, 'made'))).toBe(true);
  });

  test('a yes to the first question of a call, however often it comes, leaves the second one open', async () => {
    using outside = tempDir();
    server = await startModelServer(oneByOne(`echo tried >> log; touch ${outside.path}/made`));
    overrides = ONLY_THE_WORKSPACE;
    await using live = await testSession(place());
    live.session.submit(says('go'));
    const first = await live.next('approval.requested');
    const { questionId } = first.request;
    const answer = { type: 'approval', questionId, decision: yes } as const;
    live.session.submit(answer);
    live.session.submit(answer);
    const second = await live.next('approval.requested', (event) => event !== first);
    expect(second.request).toMatchObject({ callId: 'c0', escalated: true });
    live.session.submit(answer);
    live.session.submit({ ...answer, decision: { type: 'abort' } });
    live.answer('c0', { type: 'denied' });
    expect(await live.next('turn.completed')).toMatchObject({ status: 'completed' });
    expect(effects()).toBe('tried\n');
    expect(existsSync(join(outside.path, 'made'))).toBe(false);
    expect(server.requests.at(-1)?.outputOf('c0')).toBe('exec command rejected by user');
  });

  test('killed after the command ended: its output is known, and it does not run again', async () => {
    server = await startModelServer(oneByOne('echo ran >> log'));
    const id = await dies({ resume: null, text: 'go', decision: yes, dieAfter: '"state":"done"' });
    await using live = await goesOn(id);
    await live.next('turn.completed');
    expect(effects()).toBe('ran\n');
    expect(server.requests.at(-1)?.outputOf('c0')).toMatch(/^Exit code: 0/);
  });

  test('a yes holds for what was asked only: a patched file that leads elsewhere now is asked about again', async () => {
    repo.write({ 'a.txt': 'a\n', 'b.txt': 'b\n' });
    symlinkSync('a.txt', join(repo.path, 'link.txt'));
    const patch = '*** Begin Patch\n*** Add File: link.txt\n+new\n*** End Patch\n';
    server = await startModelServer((request) =>
      request.input.some((item) => item['type'] === 'function_call_output')
        ? respond(message('done'))
        : respond(functionCall('shell', { command: ['apply_patch', patch] }, 'c0')),
    );
    const id = await dies({ resume: null, text: 'go', decision: yes, dieAfter: DECIDED });
    rmSync(join(repo.path, 'link.txt'));
    symlinkSync('b.txt', join(repo.path, 'link.txt'));
    await using live = await goesOn(id);
    const asked = await live.next('approval.requested');
    expect(asked.request).toMatchObject({ type: 'fileChange', callId: 'c0' });
    live.answer('c0', { type: 'denied' });
    await live.next('turn.completed');
    expect(readFileSync(join(repo.path, 'a.txt'), 'utf8')).toBe('a\n');
    expect(readFileSync(join(repo.path, 'b.txt'), 'utf8')).toBe('b\n');
  });

  test('a yes for the session serves its later calls, also those of the process that continues its turn', async () => {
    server = await startModelServer(oneByOne('echo ran >> log', 'echo ran >> log', 'echo ran >> log'));
    const forSession: ApprovalDecision = { type: 'approvedForSession' };
    const id = await dies({
      resume: null,
      text: 'go',
      decision: forSession,
      dieAfter: '"id":"tool-2.0-c1","kind":"tool","state":"end"',
    });
    expect(effects()).toBe('ran\nran\n');
    await using live = await goesOn(id);
    await live.next('turn.completed');
    expect(live.events.some(({ type }) => type === 'approval.requested')).toBe(false);
    expect(effects()).toBe('ran\nran\nran\n');
    const journal = readFileSync(rolloutsIn(home.path)[0] ?? '', 'utf8');
    expect(journal.split(DECIDED)).toHaveLength(2);
  });

  test('ended as interrupted instead, a call that waited has not begun', async () => {
    server = await startModelServer((request) =>
      request.textsOf('user').includes('never mind') ? respond(message('ok')) : oneByOne('echo ran >> log')(request),
    );
    const id = await dies({ resume: null, text: 'go', decision: null, dieAfter: ASKED });
    await using live = await testSession({ ...place(), options: { origin: { type: 'resume', id } } });
    await live.say('never mind');
    expect(server.requests.at(-1)?.outputOf('c0')).not.toContain('unknown outcome');
    expect(server.requests.at(-1)?.outputOf('c0')).toContain('not');
    expect(effects()).toBe('');
  });
});

describe('whatever ends a turn leaves no waiter, and no decision in its journal', () => {
  const ends = {
    interrupt: (live: TestSession) => void live.session.submit({ type: 'interrupt' }),
    replacement: (live: TestSession) => void live.session.submit({ type: 'undo' }),
    shutdown: (live: TestSession) => void live.session.submit({ type: 'shutdown' }),
  };
  test.each(['interrupt', 'replacement', 'shutdown'] as const)('%s', async (how) => {
    server = await startModelServer(oneByOne('echo ran >> log'));
    const live = await testSession(place());
    live.session.submit(says('go'));
    await live.next('approval.requested');
    ends[how](live);
    expect(await live.next('turn.completed')).toMatchObject({ status: 'interrupted' });
    if (how !== 'shutdown') live.answer('c0', yes);
    await live[Symbol.asyncDispose]();
    const journal = readFileSync(rolloutsIn(home.path)[0] ?? '', 'utf8');
    expect(journal).toContain(ASKED);
    expect(journal).not.toContain(DECIDED);
    expect(effects()).toBe('');
    expect(live.events.filter(({ type }) => type === 'error')).toEqual([]);
  });
});
