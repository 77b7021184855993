import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  customCall,
  functionCall,
  type ModelServer,
  message,
  respond,
  type Script,
  startModelServer,
} from '../../src/testing/index.ts';
import { jsonLines, type KeelRun, runKeel } from '../support/keel.ts';
import { gitRepository, type TempDir, tempDir } from '../support/temp-dir.ts';

let home: TempDir;
let repo: TempDir;
let server: ModelServer;

beforeEach(() => {
  home = tempDir();
  repo = gitRepository();
});
afterEach(async () => {
  await server?.close();
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

/** A hook of one event for one matcher. */
function hooks(event: string, matcher: string | null, command: string, more: object = {}): object {
  const group = { ...(matcher === null ? {} : { matcher }), hooks: [{ type: 'command', command, ...more }] };
  return { hooks: { [event]: [group] } };
}

function write(path: string, content: object | string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

/** Hooks in keel's own file of the user. */
const ownHooks = (content: object) => write(join(home.path, 'hooks.json'), content);

async function exec(script: Script, ...args: readonly string[]): Promise<KeelRun> {
  server = await startModelServer(script);
  return runKeel(['exec', ...args], { home: home.path, cwd: repo.path, url: server.url, stdin: null });
}

const writing = ['-s', 'workspace-write'];
const shell = (cmd: string) => respond(functionCall('exec_command', { cmd }, 'call_1'));
const done = respond(message('done'));

/** The output that the model got of its call. */
function outputOf(callId = 'call_1'): string {
  const items = server.requests.flatMap(({ input }) => input);
  return String(items.findLast((item) => item['call_id'] === callId && 'output' in item)?.['output']);
}

const inRepo = (name: string) => join(repo.path, name);
const textIn = (name: string) => readFileSync(inRepo(name), 'utf8');
/** A command that prints an answer in JSON. */
const answers = (answer: object) => `printf %s '${JSON.stringify(answer)}'`;

describe('before a call', () => {
  test('a hook that exits with 2 denies the call, and the model gets its reason', async () => {
    ownHooks(hooks('PreToolUse', 'Bash', 'echo "no touching" >&2; exit 2'));
    const run = await exec([shell('touch made'), done], ...writing, 'x');
    expect(outputOf()).toContain('no touching');
    expect(existsSync(inRepo('made'))).toBe(false);
    expect(run.stderr).toContain('no touching');
    expect(run.code).toBe(0);
  });

  test('a denial counts in spite of unknown keys and a failing exit code', async () => {
    const denial = { hookSpecificOutput: { permissionDecision: 'deny', permissionDecisionReason: 'mine', x: 1 }, y: 2 };
    ownHooks(hooks('PreToolUse', '', `${answers(denial)}; exit 1`));
    await exec([shell('touch made'), done], ...writing, 'x');
    expect(outputOf()).toContain('mine');
    expect(existsSync(inRepo('made'))).toBe(false);
  });

  test('a hook gets the event as one JSON object on its input', async () => {
    ownHooks(hooks('PreToolUse', 'Bash', 'cat > asked.json'));
    await exec([shell('echo hi'), done], ...writing, 'x');
    expect(JSON.parse(textIn('asked.json'))).toEqual({
      session_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      transcript_path: expect.stringMatching(/\.jsonl$/),
      cwd: repo.path,
      hook_event_name: 'PreToolUse',
      permission_mode: 'dontAsk',
      model: expect.any(String),
      turn_id: '0',
      tool_name: 'Bash',
      tool_input: { command: 'echo hi' },
      tool_use_id: 'call_1',
    });
  });

  test('changed arguments run in place of those of the model, which is shown them', async () => {
    const answer = {
      hookSpecificOutput: { permissionDecision: 'allow', updatedInput: { command: 'echo safe > made' } },
    };
    ownHooks(hooks('PreToolUse', 'Bash', answers(answer)));
    await exec([shell('echo other > made'), done], ...writing, 'x');
    expect(textIn('made')).toBe('safe\n');
    expect(outputOf()).toContain('A hook changed the arguments of this call to: {"command":"echo safe > made"}');
  });

  test('an approval makes nothing allowed that the sandbox refuses', async () => {
    const answer = { hookSpecificOutput: { permissionDecision: 'allow', updatedInput: { command: 'touch made' } } };
    ownHooks(hooks('PreToolUse', 'Bash', answers(answer)));
    await exec([shell('true'), done], '-s', 'read-only', 'x');
    expect(existsSync(inRepo('made'))).toBe(false);
    expect(outputOf()).toContain('Read-only');
  });

  test('an approval does not let a patch write what the policy protects', async () => {
    const outside = join(home.path, 'outside.txt');
    const patch = `*** Begin Patch\n*** Add File: ${outside}\n+x\n*** End Patch`;
    ownHooks(hooks('PreToolUse', null, answers({ decision: 'approve' })));
    await exec([respond(customCall('apply_patch', patch, 'call_1')), done], ...writing, 'x');
    expect(existsSync(outside)).toBe(false);
    expect(outputOf()).toContain('which is protected');
  });

  test('where nobody can be asked, a hook that wants the user to be asked stops the call', async () => {
    ownHooks(
      hooks(
        'PreToolUse',
        'Bash',
        answers({ hookSpecificOutput: { permissionDecision: 'ask', permissionDecisionReason: 'sure?' } }),
      ),
    );
    await exec([shell('touch made'), done], ...writing, 'x');
    expect(existsSync(inRepo('made'))).toBe(false);
    expect(outputOf()).toContain('sure?');
  });

  test('a denial counts over an approval of another hook', async () => {
    const allow = { type: 'command', command: answers({ decision: 'approve' }) };
    const deny = { type: 'command', command: 'echo over >&2; exit 2' };
    ownHooks({ hooks: { PreToolUse: [{ hooks: [allow, deny, allow] }] } });
    await exec([shell('touch made'), done], ...writing, 'x');
    expect(existsSync(inRepo('made'))).toBe(false);
    expect(outputOf()).toContain('over');
  });

  test('a hook that fails is shown and passes the call; with onFailure "block" it stops the call', async () => {
    ownHooks(hooks('PreToolUse', 'Bash', 'echo broken >&2; exit 3'));
    const passed = await exec([shell('touch made'), done], '--json', ...writing, 'x');
    expect(existsSync(inRepo('made'))).toBe(true);
    expect(JSON.stringify(jsonLines(passed.stdout))).toContain('exit code 3: broken');
    await server.close();
    ownHooks(hooks('PreToolUse', 'Bash', 'exit 3', { onFailure: 'block' }));
    await exec([shell('touch more'), done], ...writing, 'x');
    expect(existsSync(inRepo('more'))).toBe(false);
    expect(outputOf()).toContain('exit code 3');
  });

  test('a hook that takes too long is stopped and shown', async () => {
    ownHooks(hooks('PreToolUse', 'Bash', 'sleep 60', { timeout: 0.3 }));
    const run = await exec([shell('touch made'), done], ...writing, 'x');
    expect(run.stderr).toContain('it took longer than 0.3 s');
    expect(existsSync(inRepo('made'))).toBe(true);
  });

  test('hooks run in the sandbox of the session, without secrets', async () => {
    const target = join(home.path, 'escaped');
    ownHooks(hooks('PreToolUse', 'Bash', `env > env.txt; touch ${target}`));
    const run = await exec([shell('true'), done], ...writing, 'x');
    expect(existsSync(target)).toBe(false);
    expect(run.stderr).toContain('Read-only file system');
    expect(textIn('env.txt')).not.toContain('sk-test-secret');
    expect(textIn('env.txt')).toContain(`CLAUDE_PROJECT_DIR=${repo.path}`);
  });

  test("the user's own hooks run outside the sandbox where that is granted, but not what commands can write", async () => {
    const target = join(home.path, 'escaped');
    const both = [
      { type: 'command', command: `touch ${target}` },
      { type: 'command', command: './planted.sh' },
    ];
    write(inRepo('planted.sh'), '#!/bin/sh\ntouch planted\n');
    ownHooks({ hooks: { PreToolUse: [{ hooks: both }] } });
    const run = await exec([shell('true'), done], ...writing, '-c', 'hooks.sandbox="danger-full-access"', 'x');
    expect(existsSync(target)).toBe(true);
    expect(existsSync(inRepo('planted'))).toBe(false);
    expect(run.stderr).toContain('commands may write');
  });
});

describe('which hooks a call concerns', () => {
  const recording = (name: string) => `cat >> ${name}.log; echo >> ${name}.log`;
  const asked = (name: string) =>
    existsSync(inRepo(`${name}.log`))
      ? textIn(`${name}.log`)
          .trim()
          .split('\n')
          .map((line): { tool_name: string; tool_input: Record<string, unknown> } => JSON.parse(line))
      : [];
  const patch = '*** Begin Patch\n*** Add File: a.txt\n+one\n*** End Patch';

  function recordAll(): void {
    write(join(home.path, '.claude/settings.json'), {
      model: 'of another program',
      ...hooks('PreToolUse', 'Edit|Write|MultiEdit', recording('claude')),
    });
    write(join(home.path, '.codex/hooks.json'), hooks('PreToolUse', '^apply_patch$', recording('codex')));
    ownHooks(hooks('PreToolUse', 'Bash', recording('bash')));
  }

  test('a patch is apply_patch and, for each file, Edit or Write', async () => {
    recordAll();
    await exec([respond(customCall('apply_patch', patch, 'call_1')), done], ...writing, 'x');
    expect(asked('claude')).toMatchObject([
      { tool_name: 'Write', tool_input: { file_path: inRepo('a.txt'), content: 'one' } },
    ]);
    expect(asked('codex')).toMatchObject([{ tool_name: 'apply_patch', tool_input: { command: patch } }]);
    expect(asked('bash')).toEqual([]);
  });

  test('a patch in a command line is both', async () => {
    recordAll();
    await exec([shell(`cd . && apply_patch <<'EOF'\n${patch}\nEOF`), done], ...writing, 'x');
    expect(textIn('a.txt')).toBe('one\n');
    expect(asked('bash')).toMatchObject([{ tool_name: 'Bash' }]);
    expect(asked('codex')).toMatchObject([{ tool_name: 'apply_patch' }]);
    expect(asked('claude')).toMatchObject([{ tool_name: 'Write', tool_input: { file_path: inRepo('a.txt') } }]);
  });

  test('an edit by its own tool is an Edit and a patch', async () => {
    recordAll();
    write(inRepo('a.txt'), 'one\n');
    const edit = functionCall('edit_file', { file_path: 'a.txt', old_string: 'one', new_string: 'two' }, 'call_1');
    const read = functionCall('read_file', { file_path: 'a.txt' }, 'call_0');
    await exec([respond(read), respond(edit), done], ...writing, '-c', 'tools.set="lean"', 'x');
    expect(asked('claude')).toMatchObject([
      { tool_name: 'Edit', tool_input: { file_path: inRepo('a.txt'), new_string: 'two' } },
    ]);
    expect(asked('codex')).toMatchObject([{ tool_name: 'apply_patch' }]);
  });
});

describe('after a call', () => {
  test('what a hook objects to, and what it adds, follows the output', async () => {
    const answer = { decision: 'block', reason: 'use tabs', hookSpecificOutput: { additionalContext: 'see STYLE.md' } };
    ownHooks(hooks('PostToolUse', 'Bash', `cat > asked.json; ${answers(answer)}`));
    await exec([shell('echo hi'), done], ...writing, 'x');
    expect(outputOf()).toMatch(/hi[\s\S]*objects to what this call did: use tabs[\s\S]*see STYLE\.md/);
    expect(JSON.parse(textIn('asked.json'))).toMatchObject({
      tool_name: 'Bash',
      tool_response: { success: true, output: expect.stringContaining('hi') },
    });
  });

  test('nothing is asked after a call that was refused', async () => {
    ownHooks(hooks('PostToolUse', null, 'touch asked'));
    const escalated = functionCall('exec_command', { cmd: 'true', with_escalated_permissions: true }, 'call_1');
    await exec([respond(escalated), done], ...writing, 'x');
    expect(existsSync(inRepo('asked'))).toBe(false);
  });

  test('a hook can end the turn, which then has failed', async () => {
    ownHooks(hooks('PostToolUse', null, answers({ continue: false, stopReason: 'enough' })));
    const run = await exec([shell('true'), done], ...writing, 'x');
    expect(run).toMatchObject({ code: 1, stderr: expect.stringContaining('A hook ended the turn: enough') });
    expect(server.requests).toHaveLength(1);
  });
});
