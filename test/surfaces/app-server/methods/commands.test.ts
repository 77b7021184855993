import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ClientCommands } from '../../../../src/surfaces/app-server/methods/commands/command-methods.ts';
import { ErrorCode } from '../../../../src/surfaces/app-server/methods/method.ts';
import { ServerSettings } from '../../../../src/surfaces/app-server/methods/server-settings.ts';
import { type Call, caller, FakeClient, refusal, type World, world } from './support.ts';

const PROJECT_ONLY = { type: 'workspaceWrite', excludeSlashTmp: true, excludeTmpdirEnvVar: true };

let here: World;
let commands: ClientCommands;
let call: Call;

function open(overrides: readonly string[] = [], more: Readonly<Record<string, string>> = {}): void {
  const { context } = here;
  commands = new ClientCommands(new ServerSettings({ ...context, env: { ...context.env, ...more }, overrides }));
  call = caller(commands.methods, here.client);
}

beforeEach(() => {
  here = world();
  open();
});
afterEach(async () => {
  await commands[Symbol.asyncDispose]();
  here[Symbol.dispose]();
});

const shell = (script: string, more: object = {}) =>
  call('command/exec', { command: ['/bin/sh', '-c', script], ...more });
const base64 = (text: string) => Buffer.from(text).toString('base64');

/** All that a client was sent of a command. */
function streamed(client: FakeClient): string {
  return client.sent
    .flatMap(({ params }) =>
      'deltaBase64' in params ? [Buffer.from(String(params.deltaBase64), 'base64').toString()] : [],
    )
    .join('');
}

describe('a command', () => {
  test('runs in the workspace and reports its output and exit code', async () => {
    const result = await shell('pwd; echo oops >&2; echo x > made; exit 3');
    expect(result).toEqual({ exitCode: 3, stdout: `${here.project}\n`, stderr: 'oops\n' });
    expect(readFileSync(join(here.project, 'made'), 'utf8')).toBe('x\n');
  });

  test('is confined as configured', async () => {
    const result = await shell('echo x > ../outside/made; cat ../home/config.toml; mkdir .git/hooks');
    expect(result).toMatchObject({ stdout: '' });
    expect(existsSync(join(here.dir.path, 'outside/made'))).toBe(false);
  });

  test('gets the environment that commands get, with what the client sets and unsets, and no secrets', async () => {
    open([], { OPENAI_API_KEY: 'sk-secret-0123456789abcdef', GONE: 'x' });
    const result = await shell('echo "[$OPENAI_API_KEY][$GONE][$ADDED]"', { env: { GONE: null, ADDED: 'yes' } });
    expect(result).toMatchObject({ stdout: '[][][yes]\n' });
  });

  test('in a directory that is not there is refused', async () => {
    expect((await refusal(shell('true', { cwd: '/no/such/place' }))).message).toContain('/no/such/place');
  });

  test('ends at its time limit with all it started', async () => {
    const result = await shell('sleep 300 & sleep 300', { timeoutMs: 300 });
    expect(result).toMatchObject({ exitCode: 124 });
  });

  test('output beyond the limit is dropped, of each stream for itself', async () => {
    expect(await shell('printf 123456789; printf abc >&2', { outputBytesCap: 4 })).toEqual({
      exitCode: 0,
      stdout: '1234',
      stderr: 'abc',
    });
    await shell('printf 1234; sleep 0.2; printf 5678; printf 9', {
      ...{ outputBytesCap: 4, processId: 'p', streamStdoutStderr: true },
    });
    expect(streamed(here.client)).toBe('1234');
    expect(here.client.sent.at(-1)?.params).toMatchObject({ capReached: true, stream: 'stdout' });
  });

  test('is talked to over its input, and its output comes before its result', async () => {
    const ended = shell('read line; echo "got $line"; cat', {
      processId: 'p',
      streamStdin: true,
      streamStdoutStderr: true,
    });
    await untilAccepted(() => call('command/exec/write', { processId: 'p', deltaBase64: base64('one\n') }));
    await here.client.until(() => (streamed(here.client) === 'got one\n' ? true : undefined));
    await call('command/exec/write', { processId: 'p', deltaBase64: base64('two'), closeStdin: true });
    expect(await ended).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    expect(streamed(here.client)).toBe('got one\ntwo');
    expect((await refusal(call('command/exec/write', { processId: 'p' }))).code).toBe(ErrorCode.invalidRequest);
  });

  test('has a terminal that takes sizes and input, ends when asked to', async () => {
    const ended = shell('stty size; read line; stty size; echo "$line"; cat', {
      ...{ processId: 't', tty: true, size: { rows: 30, cols: 70 } },
    });
    await here.client.until(() => (streamed(here.client).includes('30 70') ? true : undefined));
    await call('command/exec/resize', { processId: 't', size: { rows: 40, cols: 90 } });
    await call('command/exec/write', { processId: 't', deltaBase64: base64('typed\n') });
    await here.client.until(() => (streamed(here.client).includes('40 90\r\ntyped') ? true : undefined));
    await call('command/exec/terminate', { processId: 't' });
    expect(await ended).toMatchObject({ stdout: '' });
  });

  test('ends with the connection of its client, which no other client can talk to', async () => {
    const started = join(here.project, 'started');
    const ended = shell('echo $$ > started; sleep 300', {
      processId: 'p',
      streamStdoutStderr: true,
      disableTimeout: true,
    });
    await untilAccepted(async () => {
      if (!existsSync(started)) throw new Error('not yet');
      return {};
    });
    const other = caller(commands.methods, new FakeClient());
    expect((await refusal(other('command/exec/terminate', { processId: 'p' }))).message).toContain('is not running');
    here.client.close();
    await ended;
  });

  test.each<[string, object]>([
    ['a terminal without an id', { tty: true }],
    ['a size without a terminal', { size: { rows: 1, cols: 1 } }],
    ['both a limit and none', { outputBytesCap: 1, disableOutputCap: true }],
    ['both a time limit and none', { timeoutMs: 1, disableTimeout: true }],
  ])('%s is refused', async (_, more) => {
    expect((await refusal(shell('true', more))).code).toBe(ErrorCode.invalidParams);
  });
});

describe('a sandbox policy that a client asks for', () => {
  test.each<[string, object]>([
    ['full access', { type: 'dangerFullAccess' }],
    ['somebody else’s sandbox', { type: 'externalSandbox' }],
    ['a network', { ...PROJECT_ONLY, networkAccess: true }],
    ['another root', { ...PROJECT_ONLY, writableRoots: ['/'] }],
    ['a network for reading', { type: 'readOnly', networkAccess: true }],
  ])('is refused if it reaches further: %s', async (_, sandboxPolicy) => {
    await refusal(shell('echo x > made', { sandboxPolicy }));
    expect(existsSync(join(here.project, 'made'))).toBe(false);
  });

  test('is refused if a protected folder is to be a root', async () => {
    here.dir.write({ 'project/.git/config': '' });
    const sandboxPolicy = { ...PROJECT_ONLY, writableRoots: [join(here.project, '.git')] };
    await refusal(shell('true', { sandboxPolicy }));
  });

  test('is obeyed if it is tighter', async () => {
    const result = await shell('echo x > made', { sandboxPolicy: { type: 'readOnly' } });
    expect(result).not.toMatchObject({ exitCode: 0 });
    expect(existsSync(join(here.project, 'made'))).toBe(false);
    const own = await shell('echo x > made', { sandboxPolicy: { ...PROJECT_ONLY, writableRoots: [here.project] } });
    expect(own).toMatchObject({ exitCode: 0 });
  });

  test('is obeyed under full access, which makes everything else tighter', async () => {
    open(['sandbox_mode="danger-full-access"']);
    await shell('echo x > ../outside/made');
    expect(existsSync(join(here.dir.path, 'outside/made'))).toBe(true);
    await shell('echo x > ../outside/second', { sandboxPolicy: PROJECT_ONLY });
    expect(existsSync(join(here.dir.path, 'outside/second'))).toBe(false);
  });

  test('a variable that the loader obeys is refused, since it would act outside the sandbox', async () => {
    for (const name of ['LD_PRELOAD', 'LD_AUDIT', 'GLIBC_TUNABLES'])
      await refusal(shell('true', { env: { [name]: 'x' } }));
  });

  test('a bubblewrap that is missing never means that a command runs unconfined', async () => {
    open(['sandbox.bubblewrap="/no/such/bwrap"']);
    const outcome = await shell('echo x > ../outside/made').catch((error: unknown) => error);
    // Where the kernel can confine without bubblewrap, the command runs so.
    expect(outcome).toBeDefined();
    expect(existsSync(join(here.dir.path, 'outside/made'))).toBe(false);
  });
});

/** Calls again until the call is not refused: what it needs is still being started. */
async function untilAccepted(attempt: () => Promise<object>): Promise<void> {
  for (;;) {
    try {
      await attempt();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
