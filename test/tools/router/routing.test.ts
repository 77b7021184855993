import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CallItem, LocalShellCallItem } from '../../../src/foundation/protocol/index.ts';
import type { Tool, ToolHandler } from '../../../src/tools/contract/tool.ts';
import type { ToolCall } from '../../../src/tools/contract/tool-call.ts';
import {
  builtinTools,
  dispatch,
  failedOutput,
  outputItem,
  type ToolOutput,
  ToolRegistry,
  toolCallOf,
  toolOutputOf,
  withNote,
} from '../../../src/tools/index.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { ToolTurn } from '../builtin/support.ts';

const session = ['exec_command', 'write_stdin', 'apply_patch', 'update_plan', 'view_image'];
const never = new AbortController().signal;
const runLs: LocalShellCallItem['action'] = { type: 'exec', command: ['ls'] };

function functionCall(name: string, args = '{}'): ToolCall {
  return { callId: 'call-1', name, payload: { type: 'function', arguments: args } };
}

function customCall(name: string, input = ''): ToolCall {
  return { callId: 'call-1', name, payload: { type: 'custom', input } };
}

interface Run {
  readonly registry?: ToolRegistry;
  readonly offered?: readonly string[];
  readonly signal?: AbortSignal;
}

/** The output of a call, with what was thrown on the way. */
async function answer(call: ToolCall, { registry = builtinTools(), offered = session, signal = never }: Run = {}) {
  using dir = tempDir();
  const turn = new ToolTurn(dir.path);
  const crashes: unknown[] = [];
  const output = await dispatch(call, turn.context, signal, {
    registry,
    offered,
    onCrash: (error) => crashes.push(error),
  });
  return { output, crashes, turn };
}

function tool(name: string, run: ToolHandler['run']): Tool {
  return { name, handler: { payloads: ['function'], parallel: false, repeat: 'safe', run }, spec: null };
}

describe('a call as a model writes it', () => {
  const local = { type: 'local_shell_call', status: 'completed', action: runLs } as const;

  it.each<[CallItem, ToolCall]>([
    [
      { type: 'function_call', name: 'shell', arguments: '{"command":["ls"]}', call_id: 'c1' },
      { callId: 'c1', name: 'shell', payload: { type: 'function', arguments: '{"command":["ls"]}' } },
    ],
    [
      { type: 'custom_tool_call', name: 'apply_patch', input: '*** Begin Patch', call_id: 'c2' },
      { callId: 'c2', name: 'apply_patch', payload: { type: 'custom', input: '*** Begin Patch' } },
    ],
    [
      { ...local, call_id: 'c3', id: 'lsh_1' },
      { callId: 'c3', name: 'local_shell', payload: { type: 'localShell', action: local.action } },
    ],
    [
      { ...local, call_id: null, id: 'lsh_1' },
      { callId: 'lsh_1', name: 'local_shell', payload: { type: 'localShell', action: local.action } },
    ],
  ])('is routed by its name and keeps its id: %j', (item, call) => {
    expect(toolCallOf(item)).toEqual(call);
  });
});

describe('the item that answers a call', () => {
  const image = { type: 'input_image', image_url: 'data:image/png;base64,AA==' } as const;
  const words = { type: 'input_text', text: 'a picture' } as const;

  it('is of the kind of the call, and keeps beside the output how the call went', () => {
    const call = { type: 'function_call', name: 'shell', arguments: '{}', call_id: 'c1' } as const;
    expect(outputItem(call, { body: 'text', success: false })).toEqual({
      type: 'function_call_output',
      call_id: 'c1',
      output: 'text',
      facts: { outcome: 'failed' },
    });
    expect(outputItem(call, { body: [words, image], success: true })).toMatchObject({ output: [words, image] });
  });

  it('of a custom call is always a text', () => {
    const call = { type: 'custom_tool_call', name: 'x', input: '', call_id: 'c2' } as const;
    expect(outputItem(call, { body: [words, image], success: true })).toEqual({
      type: 'custom_tool_call_output',
      call_id: 'c2',
      output: 'a picture\n[image left out]',
      facts: { outcome: 'done' },
    });
  });

  it('becomes an output again that keeps its facts when a line is added to it', () => {
    const call = { type: 'custom_tool_call', name: 'x', input: '', call_id: 'c2' } as const;
    const facts = { outcome: 'done', changed: ['a.ts'] } as const;
    const item = outputItem(call, { body: 'text', success: true, facts: { ...facts, changed: [...facts.changed] } });
    expect(outputItem(call, withNote(toolOutputOf(item), 'keel:123456 and a note'))).toEqual({
      type: 'custom_tool_call_output',
      call_id: 'c2',
      output: 'text\nkeel:123456 and a note',
      facts,
    });
  });

  it('has no lone surrogate, which would spoil every later request', () => {
    const call = { type: 'function_call', name: 'x', arguments: '{}', call_id: 'c1' } as const;
    const half = 'a \ud83d';
    expect(outputItem(call, { body: half, success: true })).toMatchObject({ output: 'a \ufffd' });
    const parts = [{ type: 'input_text', text: half }, image] as const;
    expect(outputItem(call, { body: parts, success: true })).toMatchObject({ output: [{ text: 'a \ufffd' }, image] });
  });

  it('of a local shell call without a call id goes under its item id', () => {
    const call = { type: 'local_shell_call', id: 'lsh_1', status: 'completed', action: runLs } as const;
    expect(outputItem(call, { body: '', success: true })).toMatchObject({
      type: 'function_call_output',
      call_id: 'lsh_1',
    });
  });
});

describe('a call of a tool that does not exist', () => {
  it('T1, must-hold 11: is answered with its name and nothing more', async () => {
    expect((await answer(functionCall('foo'))).output).toEqual(failedOutput('unsupported call: foo', 'notRun'));
    expect((await answer(customCall('foo'))).output).toEqual(
      failedOutput('unsupported custom tool call: foo', 'notRun'),
    );
  });

  it.each([
    ['bash', session, 'exec_command', 'with {"cmd": "..."}'],
    ['Bash', ['shell_command', 'read_file'], 'shell_command', 'with {"command": "..."}'],
    ['run', ['shell', 'apply_patch'], 'shell', 'with {"command": [...]}'],
    [
      'str_replace_based_edit_tool',
      ['shell_command', 'edit_file'],
      'edit_file',
      'with {"file_path": "...", "old_string": "...", "new_string": "..."}',
    ],
    ['write_file', session, 'apply_patch', 'with plain text, without JSON around it'],
    ['grep', session, 'exec_command', 'with {"cmd": "..."}'],
    ['grep', [...session, 'grep_files'], 'grep_files', 'with {"pattern": "..."}'],
    ['apply_pach', session, 'apply_patch', 'with plain text, without JSON around it'],
    ['view_images', session, 'view_image', 'with {"path": "..."}'],
    ['write_stdn', session, 'write_stdin', 'with {"session_id": 1}'],
  ])('must-hold 11: %s, where %j are offered, names %s and how it is called', async (name, offered, nearest, form) => {
    const { output } = await answer(functionCall(name), { offered });
    expect(output.body).toBe(`unsupported call: ${name}\nThe nearest tool here is ${nearest}. Call it ${form}.`);
  });

  it.each(['bash', 'update_plans', 'constructor', '__proto__', 'hasOwnProperty'])(
    'names no tool that is not offered: %s',
    async (name) => {
      const { output } = await answer(functionCall(name), { offered: ['view_image'] });
      expect(output.body).toBe(`unsupported call: ${name}`);
    },
  );

  it('P13: stays one short line, whatever the name', async () => {
    const { output } = await answer(functionCall(`x\nkeel:t3st do this\u0000${'y'.repeat(1_000_000)}`));
    expect(output.body).toMatch(/^unsupported call: x keel:t3st do this y+$/);
    expect(output.body.length).toBeLessThan(150);
  });
});

describe('a call of a tool that was not offered', () => {
  it.each(['read_file', 'grep_files', 'list_dir'])('does not run: %s', async (name) => {
    const args = JSON.stringify({ file_path: '/etc/hostname', dir_path: '/etc', pattern: '.' });
    const { output, turn } = await answer(functionCall(name, args));
    expect(output.body).toMatch(new RegExp(`^unsupported call: ${name}\\n`));
    expect(turn.seen).toEqual(['started toolCall inProgress', 'completed toolCall failed']);
  });

  it('does not run in a set without images: view_image', async () => {
    const { output } = await answer(functionCall('view_image', '{"path":"a.png"}'), { offered: ['shell'] });
    expect(output.body).toMatch(/^unsupported call: view_image/);
  });

  it.each([
    ['shell', ['exec_command']],
    ['local_shell', ['shell_command']],
    ['edit_file', ['apply_patch']],
  ])('runs where it is another name for the work of one that was: %s', async (name, offered) => {
    const { output } = await answer(functionCall(name), { offered });
    expect(output.body).not.toMatch(/^unsupported/);
  });
});

describe('a call that its tool cannot take', () => {
  it('is answered when it comes in a form the tool does not know', async () => {
    const { output, crashes } = await answer(customCall('update_plan', 'x'));
    expect(output).toEqual(
      failedOutput(
        'tool update_plan invoked with incompatible payload\nIt takes JSON arguments. Required: plan.',
        'notRun',
      ),
    );
    expect(crashes).toEqual([]);
  });

  it.each(['{}', '{"plan":[{"step":"a","status":"done"}]}', 'nonsense', '[]', '{"plan":null}'])(
    'T2: of update_plan with %s is answered with what is wrong, and sets no plan',
    async (args) => {
      const { output, turn } = await answer(functionCall('update_plan', args));
      expect(output.body).toContain('failed to parse function arguments');
      expect(output.success).toBe(false);
      expect(turn.seen).toEqual(['started toolCall inProgress', 'completed toolCall failed']);
    },
  );

  it('must-hold 12: of read_file with a word for a number names it, and what is required', async () => {
    using dir = tempDir();
    dir.write({ 'a.txt': 'one\ntwo\n' });
    const args = (limit: string) => JSON.stringify({ file_path: join(dir.path, 'a.txt'), limit });
    const { output } = await answer(functionCall('read_file', args('ten')), { offered: ['read_file'] });
    expect(output.body).toMatch(/^failed to parse function arguments: [\s\S]*limit[\s\S]*Required: file_path\./);
    expect(Buffer.byteLength(String(output.body))).toBeLessThanOrEqual(500);
    expect((await answer(functionCall('read_file', args('10')), { offered: ['read_file'] })).output.success).toBe(true);
  });
});

describe('a handler that throws', () => {
  function throwing(): ToolRegistry {
    const registry = new ToolRegistry();
    registry.register(tool('broken', () => Promise.reject(new Error('out of cheese'))));
    return registry;
  }

  it('is answered in one line and reported as a bug', async () => {
    const { output, crashes } = await answer(functionCall('broken'), { registry: throwing(), offered: ['broken'] });
    expect(output).toEqual({ body: 'execution error: broken failed inside keel: out of cheese', success: false });
    expect(crashes).toHaveLength(1);
  });

  it('is no bug when the turn was stopped', async () => {
    const { output, crashes } = await answer(functionCall('broken'), {
      registry: throwing(),
      offered: ['broken'],
      signal: AbortSignal.abort(),
    });
    expect(output.body).toBe('aborted');
    expect(crashes).toEqual([]);
  });
});

describe('a call that fails', () => {
  function registryOf(run: ToolHandler['run']): ToolRegistry {
    const registry = new ToolRegistry();
    registry.register(tool('shy', run));
    return registry;
  }

  it('is shown with its reason when its tool shows nothing of it, without what is for the model', async () => {
    const body = 'there is no session 7\nkeel:t3st Start another one.';
    const registry = registryOf(async () => ({ body, success: false }));
    const { turn } = await answer(functionCall('shy', '{"a":1}'), { registry, offered: ['shy'] });
    expect(turn.items.at(-1)).toEqual({
      type: 'toolCall',
      id: 'call-1',
      tool: 'shy',
      arguments: '{"a":1}',
      durationMs: null,
      status: 'failed',
      reason: 'there is no session 7',
    });
  });

  it('is not shown twice', async () => {
    const item = { type: 'imageView', id: 'call-1', path: '/a.png' } as const;
    const registry = registryOf(async (_call, { events }) => {
      events.itemStarted(item);
      events.itemCompleted(item);
      return { body: 'broken', success: false };
    });
    const { turn } = await answer(functionCall('shy'), { registry, offered: ['shy'] });
    expect(turn.seen).toEqual(['started imageView', 'completed imageView']);
  });

  it('is not shown when the turn was stopped', async () => {
    const registry = registryOf(async () => ({ body: 'aborted', success: false }));
    const { turn } = await answer(functionCall('shy'), { registry, offered: ['shy'], signal: AbortSignal.abort() });
    expect(turn.seen).toEqual([]);
  });
});

describe('the registry', () => {
  const says = (text: string) => async (): Promise<ToolOutput> => ({ body: text, success: true });

  it('uses the later of two tools of one name and warns', async () => {
    const warnings: string[] = [];
    const registry = new ToolRegistry((message) => warnings.push(message));
    registry.register(tool('twin', says('first')));
    registry.register(tool('twin', says('second')));
    expect((await answer(functionCall('twin'), { registry, offered: ['twin'] })).output.body).toBe('second');
    expect(warnings).toEqual(['the tool twin is registered twice: the later one is used']);
  });

  it('has every tool of keel once', () => {
    const warnings: string[] = [];
    builtinTools((message) => warnings.push(message));
    expect(warnings).toEqual([]);
  });

  it('answers calls by the names of older runners that are not offered', async () => {
    for (const name of ['shell', 'container.exec']) {
      const { output } = await answer(functionCall(name, '{"command":["/bin/echo","here"]}'));
      expect(output.body).toContain('here');
    }
    const { output } = await answer(functionCall('shell_command', '{"command":"echo there"}'));
    expect(output.body).toContain('there');
  });
});
