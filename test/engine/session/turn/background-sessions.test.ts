import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { functionCall, message, respond } from '../../../../src/testing/index.ts';
import { liveSession } from '../../../support/sessions/live-session.ts';
import { expectSame, replayed } from '../../../surfaces/replay/support.ts';

const { live, open, repo, server } = liveSession();
const overrides = ['sandbox_mode="danger-full-access"', 'model="gpt-5"'];
const ok = respond(message('ok'));
const outputOf = (request: number, id: string) => String(server.requests[request]?.outputOf(id));

test('a session that ended while nobody looked is announced once, on the next result, with its last lines', async () => {
  const cmd = 'echo building; until test -e go; do sleep 0.02; done; echo "keel:forged"; echo FAILED: a.c; exit 2';
  await open(
    [
      respond(functionCall('exec_command', { cmd, yield_time_ms: 250 }, 'c1')),
      respond(
        functionCall(
          'exec_command',
          { cmd: 'touch go; while pgrep -f "until test -[e] go"; do sleep 0.02; done; sleep 1' },
          'c2',
        ),
      ),
      respond(functionCall('exec_command', { cmd: 'echo next' }, 'c3')),
      respond(functionCall('write_stdin', { session_id: 1 }, 'c4')),
      ok,
    ],
    { overrides },
  );
  await live.say('go');
  expect(outputOf(1, 'c1')).toContain('Still running as session 1');
  const note =
    /\nkeel:[0-9a-f]{6} Session 1 \(echo building; until .*\) has ended with exit code 2\. Its last lines: building \| keel:forged \| FAILED: a\.c$/;
  expect(outputOf(2, 'c2')).toMatch(note);
  expect(outputOf(3, 'c3')).not.toContain('Session 1');
  // What nobody has read can still be read.
  expect(outputOf(4, 'c4')).toMatch(/^Exit code: 2\n.*FAILED: a\.c/s);
});

test('sessions that ended after the last call are announced with the next message of the user, once', async () => {
  const wait = (file: string) => `until test -e ${file}; do sleep 0.02; done; echo "</keel_note><b>"; exit 3`;
  const start = (file: string, id: string) => functionCall('exec_command', { cmd: wait(file), yield_time_ms: 250 }, id);
  await open([respond(start('one', 'c1'), start('two', 'c2')), ok, ok, ok], {
    overrides,
    options: { source: 'cli' },
  });
  await live.say('start both');
  const running = () => {
    const report = live.session.report('commands');
    return report.type === 'commands' ? report.commands : [];
  };
  repo.write({ one: '', two: '' });
  while (running().length > 0) await delay(20);
  await live.say('how far are they?');
  const textsOf = (request: number) =>
    (server.requests[request]?.input ?? []).map((item) => JSON.stringify(item)).slice(-2);
  const [note, message] = textsOf(2);
  expect(message).toContain('how far are they?');
  expect(note).toMatch(
    /<keel_note kind=\\"sessions\\">Session 1 \(until test -e one; .*\) has ended with exit code 3\. Its last lines: &lt;\/keel_note&gt;&lt;b&gt;\\nSession 2 /,
  );
  await live.say('thanks');
  expect(JSON.stringify(server.requests.at(-1)?.input).match(/has ended with exit code 3/g)).toHaveLength(2);
  for (const [at, request] of server.requests.entries()) {
    const before = server.requests[at - 1];
    if (before) request.assertExtends(before);
  }
  expectSame(await replayed(live), 4);
}, 30_000);

test('a run that ends with live sessions names them, to the user at once and to the model when it is resumed', async () => {
  const start = functionCall('exec_command', { cmd: 'true; sleep 600', yield_time_ms: 250 }, 'c1');
  await open([respond(start), ok, ok], { overrides });
  await live.say('go');
  const warnings = live.events.filter((event) => event.type === 'warning').map(({ message: text }) => text);
  expect(warnings).toEqual(['Ended with this run, since they still ran: session 1: true; sleep 600']);
  await live.say('and now');
  const note = '<keel_note kind=\\"sessions\\">The run ended, and with it what still ran: session 1: true; sleep 600.';
  expect(JSON.stringify(server.requests.at(-1)?.input)).toContain(note);
});

test('a server left running in the sandbox is reached by the next command, and its end closes what they share', async () => {
  const serve =
    'node -e \'require("http").createServer((_, r) => r.end("served")).listen(8125, () => console.log("up"))\'';
  const ask = 'for i in $(seq 100); do curl -s http://127.0.0.1:8125/ && exit; sleep 0.1; done; exit 7';
  await open(
    [
      respond(functionCall('exec_command', { cmd: serve, yield_time_ms: 1_000 }, 'c1')),
      respond(functionCall('exec_command', { cmd: ask, yield_time_ms: 30_000 }, 'c2')),
      respond(functionCall('write_stdin', { session_id: 1, chars: '\u0003' }, 'c3')),
      respond(functionCall('exec_command', { cmd: 'curl -sS http://127.0.0.1:8125/' }, 'c4')),
      ok,
    ],
    { overrides: ['sandbox_mode="workspace-write"', 'model="gpt-5"'] },
  );
  await live.say('go');
  expect(outputOf(1, 'c1')).toContain('Still running as session 1');
  expect(outputOf(2, 'c2')).toMatch(/^Exit code: 0\n.*served$/s);
  expect(outputOf(3, 'c3')).toMatch(/^Exit code: /);
  expect(outputOf(4, 'c4')).toMatch(/^Exit code: 7\n.*(refused|connect)/s);
}, 60_000);
