import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import {
  functionCall,
  hang,
  message,
  type RecordedRequest,
  respond,
  type Script,
  usage,
} from '../../../../src/testing/index.ts';
import { until } from '../../../support/keel.ts';
import { asksAbout, says } from '../../../support/session.ts';
import { liveSession } from '../../../support/sessions/live-session.ts';

const { home, repo, server, live, open: openSession, reopen } = liveSession();
/** Spares the wait for a login shell. */
const NO_PROFILE = 'shell_environment_policy.experimental_use_profile=false';
const open = (script: Script, ...overrides: readonly string[]) =>
  openSession(script, { overrides: [NO_PROFILE, 'features.ghost_commit=false', ...overrides] });

const inRepo = (name: string) => join(repo.path, name);
const answers = (answer: object) => `printf %s '${JSON.stringify(answer)}'`;
const done = respond(message('done'));

/** Hooks by event, in keel's own file of the user. */
function ownHooks(commands: Readonly<Record<string, string>>, more: object = {}, matcher?: string): void {
  const groups = Object.entries(commands).map(([event, command]) => [
    event,
    [{ ...(matcher === undefined ? {} : { matcher }), hooks: [{ type: 'command', command, ...more }] }],
  ]);
  const path = join(home.path, 'hooks.json');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify({ hooks: Object.fromEntries(groups) }));
}

/** What the hooks of an event were asked, in order. */
function asked(event: string): Record<string, unknown>[] {
  const path = inRepo(`${event}.log`);
  if (!existsSync(path)) return [];
  const whole = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return whole.map((line): Record<string, unknown> => JSON.parse(line));
}
const recording = (event: string) => `cat >> ${inRepo(`${event}.log`)}; echo >> ${inRepo(`${event}.log`)}`;

const sent = () => JSON.stringify(server.requests.at(-1)?.input);
const warned = () => live.events.flatMap((event) => (event.type === 'warning' ? [event.message] : [])).join('\n');

test('a prompt that a hook blocks is dropped: no request is made, and the turn fails with the reason', async () => {
  ownHooks({ UserPromptSubmit: `${recording('UserPromptSubmit')}; echo "no secrets" >&2; exit 2` });
  await open([done]);
  const turn = await live.say('my password');
  expect(turn).toMatchObject({
    status: 'failed',
    error: { kind: 'stoppedByHook', message: expect.stringContaining('no secrets') },
  });
  expect(server.requests).toHaveLength(0);
  expect(asked('UserPromptSubmit')).toMatchObject([{ prompt: 'my password', hook_event_name: 'UserPromptSubmit' }]);
  ownHooks({});
});

test('a hook is reported when it starts, with what it wants to be shown, and when it has ended', async () => {
  const shown = { statusMessage: '  Checking\n\u001b[2Jthe prompt ' };
  ownHooks({ UserPromptSubmit: 'echo no >&2; exit 2', SessionStart: 'exit 3' }, shown);
  await open([done]);
  await live.say('hello');
  const news = live.events.flatMap((event) =>
    event.type === 'hook.started' || event.type === 'hook.completed'
      ? [[event.type, event.hook.event, event.hook.statusMessage, 'status' in event ? event.status : null]]
      : [],
  );
  const text = expect.stringMatching(/^Checking \S*the prompt$/);
  expect(news).toContainEqual(['hook.started', 'UserPromptSubmit', text, null]);
  expect(news).toContainEqual(['hook.completed', 'UserPromptSubmit', text, 'blocked']);
  expect(JSON.stringify(news)).not.toContain('\\u001b');
  ownHooks({});
});

test('a hook that an interrupt cuts off says so, before the turn ends, however long its process takes', async () => {
  // It ignores what asks it to end.
  const stubborn = `trap '' TERM INT; touch ${inRepo('begun')}; while :; do sleep 0.05; done`;
  ownHooks({ UserPromptSubmit: stubborn, Interrupt: recording('Interrupt') });
  await open([done]);
  live.session.submit(says('hello'));
  await until(() => existsSync(inRepo('begun')));
  live.session.submit({ type: 'interrupt' });
  await live.next('turn.completed');
  await until(() => asked('Interrupt').length === 1);
  await live.next('hook.completed', ({ hook }) => hook.event === 'Interrupt');
  const seen = live.events.flatMap((event): string[] => {
    if (event.type === 'turn.completed') return ['the turn has ended'];
    if (event.type !== 'hook.completed') return [];
    return [`${event.hook.event} ${event.status}${event.turnId === null ? ' outside of a turn' : ''}`];
  });
  // The last one observes the end of the turn, and is no part of it.
  const ends = ['UserPromptSubmit interrupted', 'the turn has ended', 'Interrupt completed outside of a turn'];
  expect(seen).toEqual(ends);
  expect(warned()).not.toContain('failed');
  ownHooks({});
});

test('a hook that runs beside the session is no part of a turn', async () => {
  ownHooks({ UserPromptSubmit: 'sleep 0.2' }, { async: true });
  await open([done]);
  await live.say('hello');
  const { status } = await live.next('hook.completed');
  expect(status).toBe('completed');
  const turns = live.events.flatMap((event) =>
    event.type === 'hook.started' || event.type === 'hook.completed' ? [event.turnId] : [],
  );
  expect(turns).toEqual([null, null]);
  ownHooks({});
});

test('a dropped prompt is not in the conversation of the next request', async () => {
  ownHooks({ UserPromptSubmit: 'grep -q password && exit 2; exit 0' });
  await open([done]);
  await live.say('my password');
  await live.say('hello');
  expect(sent()).toContain('hello');
  expect(sent()).not.toContain('my password');
});

test('what hooks print at the start and of a prompt is context for the model', async () => {
  ownHooks({
    SessionStart: 'echo "branch is <main>"',
    UserPromptSubmit: answers({ hookSpecificOutput: { additionalContext: 'be brief' } }),
  });
  await open([done, done]);
  await live.say('hi');
  expect(sent()).toContain('branch is &lt;main&gt;');
  expect(sent()).toContain('be brief');
  await live.say('again');
  expect(sent().split('branch is')).toHaveLength(2);
});

test('a hook at the start can end the session: no request is made', async () => {
  ownHooks({
    SessionStart: `${recording('SessionStart')}; ${answers({ continue: false, stopReason: 'closed today' })}`,
  });
  await open([done]);
  const turn = await live.say('hi');
  expect(turn).toMatchObject({ status: 'failed', error: { message: 'A hook ended the session: closed today' } });
  expect(asked('SessionStart')).toMatchObject([{ source: 'startup' }]);
  expect(server.requests).toHaveLength(0);
});

test('a hook keeps a turn from its end, at most eight times in a row, and is shown the count', async () => {
  ownHooks({ Stop: `${recording('Stop')}; echo "run the tests" >&2; exit 2` });
  await open(() => done);
  const turn = await live.say('hi');
  expect(turn.status).toBe('completed');
  expect(server.requests).toHaveLength(9);
  expect(sent()).toContain('run the tests');
  expect(asked('Stop').map(({ stop_hook_active, stop_hook_blocks }) => [stop_hook_active, stop_hook_blocks])).toEqual(
    [0, 1, 2, 3, 4, 5, 6, 7].map((count) => [count > 0, count]),
  );
  expect(asked('Stop')[0]).toMatchObject({ last_assistant_message: 'done' });
  expect(warned()).toContain('8 times in a row');
});

test('a hook blocks a compaction, which then has failed', async () => {
  ownHooks({
    PreCompact: `${recording('PreCompact')}; echo "keep it" >&2; exit 2`,
    PostCompact: recording('PostCompact'),
  });
  await open([done, done]);
  await live.say('hi');
  const turn = await live.turn({ type: 'compact' });
  expect(turn).toMatchObject({ status: 'failed', error: { message: expect.stringContaining('keep it') } });
  expect(asked('PreCompact')).toMatchObject([{ trigger: 'manual' }]);
  expect(asked('PostCompact')).toEqual([]);
});

test('after a compaction hooks are asked what the model needs again', async () => {
  ownHooks({ PostCompact: recording('PostCompact'), SessionStart: 'echo "use tabs"' });
  await open([done, respond(message('handover')), done]);
  await live.say('hi');
  expect((await live.turn({ type: 'compact' })).status).toBe('completed');
  expect(asked('PostCompact')).toMatchObject([{ trigger: 'manual' }]);
  await live.say('more');
  expect(sent().split('use tabs')).toHaveLength(2);
});

test('an interrupt and the end of the session are observed', async () => {
  ownHooks({ Interrupt: recording('Interrupt'), SessionEnd: recording('SessionEnd') });
  await open([respond(hang())]);
  const id = live.session.submit(says('hi'));
  await until(() => server.requests.length === 1);
  live.session.submit({ type: 'interrupt' });
  await live.next('turn.completed', ({ turnId }) => turnId === id);
  await live.session.close();
  expect(asked('Interrupt')).toMatchObject([{ turn_id: id }]);
  expect(asked('SessionEnd')).toMatchObject([{ reason: 'other' }]);
});

test('a question to the user is a notification', async () => {
  ownHooks({ Notification: recording('Notification') });
  const script: Script = [respond(functionCall('exec_command', { cmd: 'touch made' }, 'call_1')), done];
  await open(script, 'approval_policy="untrusted"');
  const turn = live.say('hi');
  await live.next('approval.requested', asksAbout('call_1'));
  await until(() => asked('Notification').length > 0);
  live.answer('call_1', { type: 'denied' });
  await turn;
  expect(asked('Notification')[0]).toMatchObject({
    notification_type: 'permission_prompt',
    message: expect.stringContaining('touch made'),
  });
});

test('a hook beside the session delays nothing, and its failure is shown', async () => {
  ownHooks({ UserPromptSubmit: `until [ -e ${inRepo('go')} ]; do sleep 0.02; done; exit 4` }, { async: true });
  await open([done, done]);
  await live.say('hi');
  writeFileSync(inRepo('go'), '');
  await live.next('warning', ({ message: text }) => text.includes('exit code 4'));
});

test('a resumed session starts as resumed, and a child runs hooks of its own kind', async () => {
  ownHooks({
    SessionStart: recording('SessionStart'),
    SubagentStop: recording('SubagentStop'),
    Stop: recording('Stop'),
  });
  const parent = [
    respond(functionCall('spawn_agent', { message: 'look' }, 'c1')),
    respond(functionCall('wait', { ids: ['worker-1'], timeout_ms: 60_000 }, 'c2')),
  ];
  const isChild = (request: RecordedRequest) => request.textsOf('user').some((text) => text.startsWith('<agent_role'));
  await open((request) => (isChild(request) ? done : (parent.shift() ?? done)), 'features.multi_agent=true');
  await live.say('begin here');
  expect(asked('SubagentStop')).toHaveLength(1);
  expect(asked('Stop')).toHaveLength(1);
  expect(asked('SessionStart')).toHaveLength(1);
  const { threadId: id } = live.session;
  await live.session.close();
  await reopen({ options: { origin: { type: 'resume', id } } });
  await live.say('more');
  expect(asked('SessionStart').map(({ source }) => source)).toEqual(['startup', 'resume']);
});

test('a matcher does not count for a prompt and the end of a turn', async () => {
  const commands = { UserPromptSubmit: recording('UserPromptSubmit'), Stop: recording('Stop') };
  ownHooks(commands, {}, 'Bash');
  await open([done]);
  await live.say('hi');
  expect([asked('UserPromptSubmit').length, asked('Stop').length]).toEqual([1, 1]);
});

test('a subagent continues with the reason of a hook that keeps it from its end', async () => {
  const once = `${recording('SubagentStop')}; [ $(wc -l < ${inRepo('SubagentStop.log')}) -gt 1 ] || { echo "name the file" >&2; exit 2; }`;
  ownHooks({ SubagentStop: once });
  const parent = [
    respond(functionCall('spawn_agent', { message: 'look' }, 'c1')),
    respond(functionCall('wait', { ids: ['worker-1'], timeout_ms: 60_000 }, 'c2')),
  ];
  const child = [respond(message('found it')), respond(message('it is in a.txt'))];
  const isChild = (request: RecordedRequest) => request.textsOf('user').some((text) => text.startsWith('<agent_role'));
  await open((request) => (isChild(request) ? child : parent).shift() ?? done, 'features.multi_agent=true');
  await live.say('begin here');
  const ofChild = server.requests.filter(isChild);
  expect(ofChild).toHaveLength(2);
  expect(JSON.stringify(ofChild[0]?.input)).not.toContain('name the file');
  expect(JSON.stringify(ofChild[1]?.input)).toContain('name the file');
  expect(asked('SubagentStop').map((one) => one['last_assistant_message'])).toEqual(['found it', 'it is in a.txt']);
  expect(sent()).toContain('it is in a.txt');
});

test('hooks that only observe block nothing', async () => {
  const blocks = (event: string) => `${recording(event)}; echo no >&2; exit 2`;
  const events = ['Notification', 'Interrupt', 'SessionEnd'];
  ownHooks(Object.fromEntries(events.map((event) => [event, blocks(event)])));
  const script = [respond(functionCall('exec_command', { cmd: 'touch made' }, 'call_1')), done, respond(hang())];
  await open(script, 'approval_policy="untrusted"');
  const turn = live.say('hi');
  await live.next('approval.requested', asksAbout('call_1'));
  await until(() => asked('Notification').length > 0);
  live.answer('call_1', { type: 'approved' });
  expect(await turn).toMatchObject({ status: 'completed' });
  expect(existsSync(inRepo('made'))).toBe(true);
  const id = live.session.submit(says('more'));
  await until(() => server.requests.length === 3);
  live.session.submit({ type: 'interrupt' });
  expect(await live.next('turn.completed', ({ turnId }) => turnId === id)).toMatchObject({ status: 'interrupted' });
  await live.session.close();
  expect(events.map((event) => asked(event).length)).toEqual([1, 1, 1]);
});

test('a compaction that nobody asked for has its own trigger', async () => {
  ownHooks({ PreCompact: recording('PreCompact'), PostCompact: recording('PostCompact') });
  const full = respond(message('done'), usage({ input: 4_990, output: 10 }));
  await open([full, respond(message('handover')), done], 'model_auto_compact_token_limit=4000');
  await live.say('hi');
  expect(await live.say('more')).toMatchObject({ status: 'completed' });
  expect([...asked('PreCompact'), ...asked('PostCompact')].map(({ trigger }) => trigger)).toEqual(['auto', 'auto']);
});
