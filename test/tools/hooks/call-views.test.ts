import { describe, expect, test } from 'vitest';
import type { ToolCall } from '../../../src/tools/contract/index.ts';
import { callViews } from '../../../src/tools/hooks/calls/call-views.ts';
import { changedCall } from '../../../src/tools/hooks/calls/changed-call.ts';

const place = { cwd: '/w' };
const call = (name: string, args: object): ToolCall => ({
  callId: 'c',
  name,
  payload: { type: 'function', arguments: JSON.stringify(args) },
});
const namesOf = (made: ToolCall) => callViews(made, place).map(({ tool }) => tool);
const viewOf = (made: ToolCall, name: string) => callViews(made, place).find(({ tool }) => tool === name);
const argumentsOf = (made: ToolCall | null): unknown =>
  made?.payload.type === 'function' ? JSON.parse(made.payload.arguments) : null;

describe('a call as hooks know it', () => {
  test.each([
    ['a script', call('exec_command', { cmd: 'ls' })],
    ['its other name', call('exec_command', { command: 'ls' })],
    ['a list', call('shell', { command: ['bash', '-lc', 'ls'] })],
    ['a list in a text', call('shell', { command: '["bash","-c","ls"]' })],
    ['an older tool', call('container.exec', { command: ['ls'] })],
    ['a plain text', { callId: 'c', name: 'shell_command', payload: { type: 'custom', input: 'ls' } } as const],
    ['keys for a running shell', call('write_stdin', { session_id: 1, chars: 'ls' })],
  ])('a command is Bash, whatever form it has: %s', (_, made) => {
    expect(viewOf(made, 'Bash')?.input['command']).toBe('ls');
  });

  test('waiting for a session types nothing', () => {
    expect(namesOf(call('write_stdin', { session_id: 1 }))).toEqual(['write_stdin']);
  });

  test('a patch names each file that it writes, moved ones under both names', () => {
    const input = [
      '*** Begin Patch',
      ...['*** Update File: a.ts', '*** Move to: b.ts', '@@', '-one', '+two'],
      ...['*** Add File: /x/c.ts', '+new', '*** Delete File: d.ts', '*** End Patch'],
    ].join('\n');
    const views = callViews({ callId: 'c', name: 'apply_patch', payload: { type: 'custom', input } }, place);
    expect(views.map(({ tool, content }) => [tool, content]).slice(1, -1)).toEqual([
      ['Edit', '/w/a.ts'],
      ['Edit', '/w/b.ts'],
      ['Write', '/x/c.ts'],
      ['Write', '/w/d.ts'],
    ]);
    expect(views[1]?.input).toMatchObject({ old_string: 'one', new_string: 'two' });
  });

  test("reading, searching, fetching and helpers have the other program's names", () => {
    expect(viewOf(call('read_file', { file_path: 'a' }), 'Read')?.input).toEqual({ file_path: '/w/a' });
    expect(viewOf(call('grep_files', { pattern: 'x', include: '*.ts' }), 'Grep')?.input).toEqual({
      pattern: 'x',
      glob: '*.ts',
    });
    expect(namesOf(call('spawn_agent', { message: 'x' }))).toEqual(['Task', 'spawn_agent']);
    expect(namesOf(call('mcp__files__write', {}))).toEqual(['mcp__files__write']);
  });
});

describe('changed arguments', () => {
  const changed = (made: ToolCall, name: string, input: Record<string, unknown>) => {
    const view = viewOf(made, name);
    return view === undefined ? null : changedCall(made, view, input);
  };

  test('become those of the tool', () => {
    expect(argumentsOf(changed(call('exec_command', { cmd: 'a', workdir: 'd' }), 'Bash', { command: 'b' }))).toEqual({
      cmd: 'b',
      workdir: 'd',
    });
    expect(argumentsOf(changed(call('shell', { command: ['a'] }), 'Bash', { command: 'b' }))).toEqual({
      command: ['bash', '-c', 'b'],
    });
    expect(argumentsOf(changed(call('write_stdin', { session_id: 1, chars: 'a' }), 'Bash', { command: 'b' }))).toEqual({
      session_id: 1,
      chars: 'b',
    });
    expect(
      argumentsOf(
        changed(call('edit_file', { path: 'a', old_str: '1', new_str: '2' }), 'Edit', {
          file_path: '/w/b',
          old_string: '1',
          new_string: '3',
        }),
      ),
    ).toEqual({ file_path: '/w/b', old_string: '1', new_string: '3' });
    expect(argumentsOf(changed(call('mcp__a__b', { x: 1 }), 'mcp__a__b', { x: 2 }))).toEqual({ x: 2 });
  });

  test('that can not be those of the tool are refused', () => {
    const patch = '*** Begin Patch\n*** Add File: a\n+x\n*** End Patch';
    expect(changed(call('apply_patch', { input: patch }), 'Write', { file_path: '/w/b', content: 'x' })).toBeNull();
    expect(changed(call('exec_command', { cmd: 'a' }), 'Bash', { file_path: 'b' })).toBeNull();
  });
});
