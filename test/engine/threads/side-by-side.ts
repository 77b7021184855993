// A process of keel's own with two threads, for threads.test.ts: a command of one leaves a process behind, the other is closed at
// once, and the first when input ends.
import { once } from 'node:events';
import { type Session, Threads } from '../../../src/engine/threads/index.ts';
import { loadConfig } from '../../../src/storage/config/index.ts';
import { functionCall, message, respond, startModelServer } from '../../../src/testing/index.ts';

const [home = '', cwd = ''] = process.argv.slice(2);
/** Leaves its group, its session and its environment, and then its parent. */
const daemon = `env -i setsid sh -c 'echo $$ > pid.new; mv pid.new pid; exec sleep 300' </dev/null >/dev/null 2>&1 &
while [ ! -s pid ]; do sleep 0.02; done`;

await using server = await startModelServer(({ lastUserText }) =>
  lastUserText === 'leave it'
    ? respond(functionCall('shell', { command: ['bash', '-c', daemon] }, 'c1'))
    : respond(message('done')),
);
const config = await loadConfig({
  env: { PATH: process.env['PATH'], KEEL_HOME: home, OPENAI_BASE_URL: server.url, OPENAI_API_KEY: 'test' },
  cwd,
  overrides: ['sandbox_mode="danger-full-access"'],
  flags: {},
  systemDir: home,
});
await using threads = new Threads({ source: 'cli', originator: 'test', canAsk: false, ownsProcess: true });
const open = () => threads.open({ config, origin: { type: 'new' } });
const [first, second] = [await open(), await open()];
await runCall(first);
await second.close();
process.stdout.write('one is closed\n');
process.stdin.resume();
await once(process.stdin, 'end');

/** Until the command has ended. */
async function runCall(session: Session): Promise<void> {
  const events = session.events();
  session.submit({ type: 'userInput', items: [{ type: 'text', text: 'leave it' }] });
  for await (const event of events) {
    if (event.type === 'item.completed' && event.item.type === 'commandExecution') return;
  }
}
