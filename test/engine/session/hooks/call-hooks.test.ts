import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  customCall,
  functionCall,
  message,
  type RecordedRequest,
  respond,
  type Script,
} from '../../../../src/testing/index.ts';
import { stdioServer } from '../../../support/mcp/settings.ts';
import { liveSession } from '../../../support/sessions/live-session.ts';

const { home, repo, server, live, open } = liveSession();

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

/** Spares the wait for a login shell. */
const NO_PROFILE = 'shell_environment_policy.experimental_use_profile=false';
/** Spares a snapshot of the repository. */
const NO_UNDO = 'features.ghost_commit=false';

/** Sends one message in a session in which commands can write in the repository only, and nobody can be asked. */
async function say(script: Script, ...overrides: readonly string[]) {
  await open(script, {
    overrides: ['sandbox_mode="workspace-write"', NO_PROFILE, NO_UNDO, ...overrides],
    options: { canAsk: false },
  });
  return live.say('x');
}

/** What the user was warned of. */
const warned = () => live.events.flatMap((event) => (event.type === 'warning' ? [event.message] : [])).join('\n');

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
    await say([shell('touch made'), done]);
    expect(outputOf()).toContain('no touching');
    expect(existsSync(inRepo('made'))).toBe(false);
    const shown = live.events.flatMap((event) => (event.type === 'item.completed' ? [event.item] : []));
    expect(shown).toContainEqual(
      expect.objectContaining({ type: 'toolCall', status: 'failed', reason: 'refused by a hook: no touching' }),
    );
  });

  test('a hook gets the event as one JSON object on its input', async () => {
    ownHooks(hooks('PreToolUse', 'Bash', 'cat > asked.json'));
    await say([shell('echo hi'), done]);
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
    await say([shell('echo other > made'), done]);
    expect(textIn('made')).toBe('safe\n');
    expect(outputOf()).toContain('A hook changed the arguments of this call to: {"command":"echo safe > made"}');
  });

  test('an approval makes nothing allowed that the sandbox refuses', async () => {
    const answer = { hookSpecificOutput: { permissionDecision: 'allow', updatedInput: { command: 'touch made' } } };
    ownHooks(hooks('PreToolUse', 'Bash', answers(answer)));
    await say([shell('true'), done], 'sandbox_mode="read-only"');
    expect(existsSync(inRepo('made'))).toBe(false);
    expect(outputOf()).toContain('Read-only');
  });

  test('an approval does not let a patch write what the policy protects', async () => {
    const outside = join(home.path, 'outside.txt');
    const patch = `*** Begin Patch\n*** Add File: ${outside}\n+x\n*** End Patch`;
    ownHooks(hooks('PreToolUse', null, answers({ decision: 'approve' })));
    await say([respond(customCall('apply_patch', patch, 'call_1')), done]);
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
    await say([shell('touch made'), done]);
    expect(existsSync(inRepo('made'))).toBe(false);
    expect(outputOf()).toContain('sure?');
  });

  test('a hook that fails is shown and passes the call', async () => {
    ownHooks(hooks('PreToolUse', 'Bash', 'echo broken >&2; exit 3'));
    await say([shell('touch made'), done]);
    expect(existsSync(inRepo('made'))).toBe(true);
    expect(warned()).toContain('exit code 3: broken');
  });

  test('a hook that fails blocks the call where it says so', async () => {
    ownHooks(hooks('PreToolUse', 'Bash', 'echo broken >&2; exit 3', { onFailure: 'block' }));
    await say([shell('touch made'), done]);
    expect(existsSync(inRepo('made'))).toBe(false);
    expect(outputOf()).toContain('failed: exit code 3: broken');
    expect(warned()).toContain('which blocks: exit code 3');
  });

  test('the hooks of an event run side by side', async () => {
    // Each waits for the other one to have started.
    const waits = (own: string, other: string) => ({
      ...{ type: 'command', timeout: 30 },
      command: `touch ${own}; until [ -e ${other} ]; do sleep 0.02; done`,
    });
    ownHooks({ hooks: { PreToolUse: [{ hooks: [waits('first', 'second'), waits('second', 'first')] }] } });
    await say([shell('touch made'), done]);
    expect(existsSync(inRepo('made'))).toBe(true);
    expect(warned()).toBe('');
  });

  test('what a hook adds reaches the model with the output, and what it says to the user is shown', async () => {
    const answer = {
      systemMessage: 'Checked by the house rules.',
      hookSpecificOutput: { additionalContext: 'see STYLE.md' },
    };
    ownHooks(hooks('PreToolUse', 'Bash', answers(answer)));
    await say([shell('echo hi'), done]);
    expect(outputOf()).toMatch(/hi[\s\S]*see STYLE\.md/);
    expect(outputOf()).not.toContain('house rules');
    expect(warned()).toContain('says: Checked by the house rules.');
  });

  test('a hook can end the turn, and the call is not made', async () => {
    ownHooks(hooks('PreToolUse', 'Bash', answers({ continue: false, stopReason: 'enough' })));
    const turn = await say([shell('touch made'), done]);
    expect(turn).toMatchObject({
      status: 'failed',
      error: { kind: 'stoppedByHook', message: 'A hook ended the turn: enough' },
    });
    expect(existsSync(inRepo('made'))).toBe(false);
    expect(server.requests).toHaveLength(1);
  });

  test('a hook that takes too long is stopped and shown', async () => {
    ownHooks(hooks('PreToolUse', 'Bash', 'sleep 60', { timeout: 0.3 }));
    await say([shell('touch made'), done]);
    expect(warned()).toContain('it took longer than 0.3 s');
    expect(existsSync(inRepo('made'))).toBe(true);
  });

  test('hooks run in the sandbox of the session, without secrets', async () => {
    const target = join(home.path, 'escaped');
    ownHooks(hooks('PreToolUse', 'Bash', `env > env.txt; touch ${target}`));
    await say([shell('true'), done]);
    expect(existsSync(target)).toBe(false);
    expect(warned()).toContain('Read-only file system');
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
    await say([shell('true'), done], 'hooks.sandbox="danger-full-access"');
    expect(existsSync(target)).toBe(true);
    expect(existsSync(inRepo('planted'))).toBe(false);
    expect(warned()).toContain('commands may write');
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
    await say([respond(customCall('apply_patch', patch, 'call_1')), done]);
    expect(asked('claude')).toMatchObject([
      { tool_name: 'Write', tool_input: { file_path: inRepo('a.txt'), content: 'one' } },
    ]);
    expect(asked('codex')).toMatchObject([{ tool_name: 'apply_patch', tool_input: { command: patch } }]);
    expect(asked('bash')).toEqual([]);
  });

  test('a patch in a command line is both', async () => {
    recordAll();
    await say([shell(`cd . && apply_patch <<'EOF'\n${patch}\nEOF`), done]);
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
    await say([respond(read), respond(edit), done], 'tools.set="lean"');
    expect(asked('claude')).toMatchObject([
      { tool_name: 'Edit', tool_input: { file_path: inRepo('a.txt'), new_string: 'two' } },
    ]);
    expect(asked('codex')).toMatchObject([{ tool_name: 'apply_patch' }]);
  });
});

describe('no way round a guard', () => {
  const guard = (condition?: string) =>
    hooks('PreToolUse', 'Bash', 'grep -q forbidden && { echo guarded >&2; exit 2; }; exit 0', {
      ...(condition === undefined ? {} : { if: condition }),
    });

  test('what is typed into a running shell is a command', async () => {
    ownHooks(guard());
    const script = [
      respond(functionCall('exec_command', { cmd: 'bash', tty: true, yield_time_ms: 250 }, 'call_0')),
      respond(functionCall('write_stdin', { session_id: 1, chars: 'touch forbidden\n', yield_time_ms: 250 }, 'call_1')),
      done,
    ];
    await say(script, 'tools.set="session"');
    expect(outputOf('call_0')).toContain('Still running as session 1');
    expect(outputOf()).toContain('guarded');
    expect(existsSync(inRepo('forbidden'))).toBe(false);
  });

  test('the calls of a subagent are asked about like those of its parent', async () => {
    ownHooks(guard());
    const parent = [
      respond(functionCall('spawn_agent', { message: 'look' }, 'c1')),
      respond(functionCall('wait', { ids: ['worker-1'], timeout_ms: 60_000 }, 'c2')),
    ];
    const child = [shell('touch forbidden')];
    const isChild = (request: RecordedRequest) =>
      request.textsOf('user').some((text) => text.startsWith('<agent_role'));
    await say((request) => (isChild(request) ? child : parent).shift() ?? done, 'features.multi_agent=true');
    expect(outputOf()).toContain('guarded');
    expect(existsSync(inRepo('forbidden'))).toBe(false);
  });

  test('a condition narrows a guard to the commands that it names, each of a line', async () => {
    ownHooks(guard('Bash(touch *)'));
    const script = [
      shell('echo forbidden'),
      respond(functionCall('exec_command', { cmd: 'true && touch forbidden' }, 'call_2')),
      done,
    ];
    await say(script);
    expect(outputOf('call_1')).not.toContain('guarded');
    expect(outputOf('call_2')).toContain('guarded');
  });
});

describe('where the user can be asked', () => {
  const openAsking = (script: Script, ...overrides: readonly string[]) =>
    open(script, { overrides: ['sandbox_mode="workspace-write"', NO_PROFILE, NO_UNDO, ...overrides] });
  const request = (decision: object) =>
    hooks('PermissionRequest', 'Bash', `cat > asked.json; ${answers({ hookSpecificOutput: { decision } })}`);

  test('a hook that asks is asked about each time, also where the call needs no approval', async () => {
    ownHooks(hooks('PreToolUse', 'Bash', answers({ hookSpecificOutput: { permissionDecision: 'ask' } })));
    await openAsking([shell('touch made'), done]);
    const turn = live.say('x');
    await live.next('approval.requested');
    live.answer('call_1', { type: 'denied' });
    await turn;
    expect(existsSync(inRepo('made'))).toBe(false);
  });

  test("a hook's approval answers the question about a command in the sandbox", async () => {
    ownHooks(hooks('PreToolUse', 'Bash', answers({ hookSpecificOutput: { permissionDecision: 'allow' } })));
    await openAsking([shell('touch made'), done], 'approval_policy="untrusted"');
    await live.say('x');
    expect(existsSync(inRepo('made'))).toBe(true);
    expect(live.events.some(({ type }) => type === 'approval.requested')).toBe(false);
  });

  test('a permission hook answers in place of the user', async () => {
    ownHooks(request({ behavior: 'allow' }));
    await openAsking([shell('touch made'), done], 'approval_policy="untrusted"');
    await live.say('x');
    expect(existsSync(inRepo('made'))).toBe(true);
    expect(JSON.parse(textIn('asked.json'))).toMatchObject({
      tool_name: 'Bash',
      tool_input: { command: 'touch made' },
    });
  });

  test('a permission hook denies, and the model gets its reason', async () => {
    ownHooks(request({ behavior: 'deny', message: 'not now' }));
    await openAsking([shell('touch made'), done], 'approval_policy="untrusted"');
    await live.say('x');
    expect(existsSync(inRepo('made'))).toBe(false);
    expect(outputOf()).toContain('not now');
  });

  test('a permission hook is shown why the call asks', async () => {
    ownHooks(request({ behavior: 'deny', message: 'not now' }));
    const justification = 'The tests need the network.';
    const escalated = functionCall(
      'exec_command',
      { cmd: 'touch made', with_escalated_permissions: true, justification },
      'call_1',
    );
    await openAsking([respond(escalated), done]);
    await live.say('x');
    expect(JSON.parse(textIn('asked.json'))).toMatchObject({ description: justification });
    expect(existsSync(inRepo('made'))).toBe(false);
  });

  test('no hook approves a run outside the sandbox: the user is asked all the same', async () => {
    const allow = answers({ hookSpecificOutput: { permissionDecision: 'allow', decision: { behavior: 'allow' } } });
    const group = [{ hooks: [{ type: 'command', command: allow }] }];
    ownHooks({ hooks: { PreToolUse: group, PermissionRequest: group } });
    const escalated = functionCall('exec_command', { cmd: 'true', with_escalated_permissions: true }, 'call_1');
    await openAsking([respond(escalated), done]);
    const turn = live.say('x');
    const { request: asked } = await live.next('approval.requested');
    expect(asked).toMatchObject({ type: 'command', escalated: true });
    live.answer('call_1', { type: 'denied' });
    await turn;
  });
});

describe('after a call', () => {
  test('what a hook objects to, and what it adds, follows the output', async () => {
    const answer = { decision: 'block', reason: 'use tabs', hookSpecificOutput: { additionalContext: 'see STYLE.md' } };
    ownHooks(hooks('PostToolUse', 'Bash', `cat > asked.json; ${answers(answer)}`));
    await say([shell('echo hi'), done]);
    expect(outputOf()).toMatch(/hi[\s\S]*objects to what this call did: use tabs[\s\S]*see STYLE\.md/);
    expect(JSON.parse(textIn('asked.json'))).toMatchObject({
      tool_name: 'Bash',
      tool_response: { success: true, output: expect.stringContaining('hi') },
    });
  });

  describe('is asked about every path that edits or runs', () => {
    const patch = '*** Begin Patch\n*** Add File: a.txt\n+one\n*** End Patch';
    // Hooks run side by side: each writes its line at once.
    const record = { type: 'command', command: 'printf "%s\\n" "$(cat)" >> after.log' };
    /** The tools that hooks were asked about after calls, with whether the calls succeeded, in order of their names. */
    const askedAfter = () =>
      textIn('after.log')
        .trim()
        .split('\n')
        .map((line): { tool_name: string; tool_response: { success: boolean } } => JSON.parse(line))
        .map(({ tool_name, tool_response }) => `${tool_name} ${tool_response.success}`)
        .sort();
    const recordAfter = (...matchers: readonly string[]) =>
      ownHooks({ hooks: { PostToolUse: matchers.map((matcher) => ({ matcher, hooks: [record] })) } });

    test('a patch', async () => {
      recordAfter('^apply_patch$', 'Edit|Write');
      await say([respond(customCall('apply_patch', patch, 'call_1')), done]);
      expect(askedAfter()).toEqual(['Write true', 'apply_patch true']);
    });

    test('a patch in a command line', async () => {
      recordAfter('^apply_patch$', 'Edit|Write', 'Bash');
      await say([shell(`cd . && apply_patch <<'EOF'\n${patch}\nEOF`), done]);
      expect(textIn('a.txt')).toBe('one\n');
      expect(askedAfter()).toEqual(['Bash true', 'Write true', 'apply_patch true']);
    });

    test('an edit by its own tool', async () => {
      recordAfter('^apply_patch$', 'Edit|Write');
      write(inRepo('a.txt'), 'one\n');
      const read = functionCall('read_file', { file_path: 'a.txt' }, 'call_0');
      const edit = functionCall('edit_file', { file_path: 'a.txt', old_string: 'one', new_string: 'two' }, 'call_1');
      await say([respond(read), respond(edit), done], 'tools.set="lean"');
      expect(textIn('a.txt')).toBe('two\n');
      expect(askedAfter()).toEqual(['Edit true', 'apply_patch true']);
    });

    test('text that is typed into a running shell', async () => {
      recordAfter('Bash');
      const typed = { session_id: 1, chars: 'touch made; exit\n', yield_time_ms: 5_000 };
      const script = [
        respond(functionCall('exec_command', { cmd: 'bash', tty: true, yield_time_ms: 250 }, 'call_0')),
        respond(functionCall('write_stdin', typed, 'call_1')),
        done,
      ];
      await say(script, 'tools.set="session"');
      expect(existsSync(inRepo('made'))).toBe(true);
      expect(askedAfter()).toEqual(['Bash true', 'Bash true']);
    });

    test('a tool of an MCP server', async () => {
      recordAfter('mcp__docs__.*');
      const script = [respond(functionCall('mcp__docs__echo', { text: 'hi' }, 'call_1')), done];
      await say(script, stdioServer('docs'));
      expect(askedAfter()).toEqual(['mcp__docs__echo true']);
    });
  });

  test('nothing is asked after a call that was refused', async () => {
    ownHooks(hooks('PostToolUse', null, 'touch asked'));
    const escalated = functionCall('exec_command', { cmd: 'true', with_escalated_permissions: true }, 'call_1');
    await say([respond(escalated), done]);
    expect(existsSync(inRepo('asked'))).toBe(false);
  });

  test('a hook can end the turn, which then has failed', async () => {
    ownHooks(hooks('PostToolUse', null, answers({ continue: false, stopReason: 'enough' })));
    const turn = await say([shell('true'), done]);
    expect(turn).toMatchObject({
      status: 'failed',
      error: { kind: 'stoppedByHook', message: 'A hook ended the turn: enough' },
    });
    expect(server.requests).toHaveLength(1);
  });
});
