import { describe, expect, it } from 'vitest';
import { type CallItem, commandOutput } from '../../../src/foundation/protocol/index.ts';
import { builtinTools, dispatch, toolCallOf } from '../../../src/tools/index.ts';
import { MARK, ToolTurn, textOf } from '../builtin/support.ts';
import { patchOf, Workspace } from '../patch/support.ts';

const offered = ['shell', 'exec_command', 'apply_patch', 'edit_file', 'read_file', 'grep_files', 'update_plan', 'wait'];

async function answer(workspace: Workspace, item: CallItem): Promise<string> {
  const turn = new ToolTurn(workspace.dir);
  const options = { registry: builtinTools(), offered, onCrash: () => undefined };
  const output = await dispatch(toolCallOf(item), turn.context, new AbortController().signal, options);
  const text = textOf(output);
  return commandOutput(text);
}

function asFunction(name: string, args: unknown): CallItem {
  const text = typeof args === 'string' ? args : JSON.stringify(args);
  return { type: 'function_call', name, arguments: text, call_id: 'c' };
}

function asCustom(name: string, input: string): CallItem {
  return { type: 'custom_tool_call', name, input, call_id: 'c' };
}

const patch = patchOf('*** Add File: new\n+x');
const added = 'Success. Updated the following files:\nA new\n';

describe('a patch', () => {
  it.each<[string, CallItem]>([
    ['as a text in the place of arguments', asFunction('apply_patch', patch)],
    ['as a JSON text', asFunction('apply_patch', JSON.stringify(patch))],
    ['as arguments in the place of a text', asCustom('apply_patch', JSON.stringify({ input: patch }))],
    ['as arguments that were made a text', asFunction('apply_patch', JSON.stringify(JSON.stringify({ input: patch })))],
    ['in a code fence', asCustom('apply_patch', `\`\`\`diff\n${patch}\n\`\`\``)],
    ['in a here-document of its own name', asCustom('apply_patch', `<<'PATCH'\n${patch}\nPATCH`)],
    ['in a here-document in a fence', asCustom('apply_patch', `\`\`\`\napply_patch <<EOF\n${patch}\nEOF\n\`\`\``)],
    ['under a name with a name space', asFunction('functions.apply_patch', { input: patch })],
    ['under a name with a token behind it', asFunction('apply_patch<|channel|>commentary', { patch })],
  ])('is understood %s', async (_, item) => {
    using workspace = new Workspace();
    expect(await answer(workspace, item)).toBe(added);
    expect(workspace.files()).toEqual({ new: 'x\n' });
  });

  it('without its end marker is understood, which is said', async () => {
    using workspace = new Workspace();
    const item = asCustom('apply_patch', patch.replace('\n*** End Patch', ''));
    expect(await answer(workspace, item)).toBe(`${added}${MARK} '*** End Patch' was missing and taken as the end.\n`);
  });

  it.each([
    ['its last section has no row', '*** Begin Patch\n*** Add File: a\n+x\n*** Add File: b'],
    ['it ends in a move', '*** Begin Patch\n*** Update File: a\n*** Move to: b'],
    ['its fence is not closed', `\`\`\`\n${patch}`],
    ['text follows it', `${patch}\nThat is all.`],
  ])('is refused where %s', async (_, input) => {
    using workspace = new Workspace();
    expect(await answer(workspace, asCustom('apply_patch', input))).toMatch(
      /^apply_patch verification failed: invalid patch/,
    );
    expect(workspace.files()).toEqual({});
  });

  it('gives its notes one line each, and no more than a few', async () => {
    using workspace = new Workspace(Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`f${at}`, 'old'])));
    const sections = Array.from({ length: 12 }, (_, at) => `*** Add File: f${at}\n+x`).join('\n');
    const lines = (await answer(workspace, asCustom('apply_patch', patchOf(sections)))).trimEnd().split('\n');
    expect(lines.slice(13, 14)).toEqual([`${MARK} f0 existed (3 bytes) and is replaced as a whole.`]);
    expect(lines.slice(21)).toEqual([`${MARK} 4 more notes of this kind are left out.`]);
  });
});

describe('a command', () => {
  it.each<[string, CallItem]>([
    ['as a JSON text of a list', asFunction('shell', { command: '["echo","a b"]' })],
    ['with numbers as words', asFunction('shell', { command: ['printf', '%s b\n', 'a'], timeout_ms: 5000.5 })],
    ['as a line in a list', asFunction('shell', { command: ['echo "a b"'] })],
    ['as a line in a list, for a session', asFunction('exec_command', { cmd: ['echo "a b"'] })],
    ['as a text in the place of arguments', asCustom('shell', 'echo "a b"')],
    ['as arguments in the place of a text', asCustom('shell', '{"command":["echo","a b"]}')],
    ['as a script that begins with a test', asFunction('shell', { command: '[ 1 = 1 ] && echo "a b"' })],
  ])('is understood %s', async (_, item) => {
    using workspace = new Workspace();
    expect(await answer(workspace, item)).toMatch(/^(?:[\s\S]*Output:\n)?a b\n?$/);
  });

  it('takes numbers for words', async () => {
    using workspace = new Workspace();
    expect(await answer(workspace, asFunction('shell', { command: ['echo', 1, 2.5] }))).toBe('1 2.5\n');
  });

  it('says what it expected of other values', async () => {
    using workspace = new Workspace();
    expect(await answer(workspace, asFunction('shell', { command: [{ a: 1 }] }))).toMatch(
      /^failed to parse function arguments: invalid value for `command`\nExpected command to be a string or a list of other values/,
    );
  });
});

describe('a field that a tool does not have', () => {
  it('is reported, and the call answered all the same', async () => {
    using workspace = new Workspace();
    expect(await answer(workspace, asFunction('shell', { command: ['cat'], stdin: 'data', env: {} }))).toBe(
      `${MARK} shell has no such field, so it was ignored: stdin, env`,
    );
  });

  it('is reported where another is missing', async () => {
    using workspace = new Workspace();
    const text = await answer(workspace, asFunction('apply_patch', { text: patch }));
    expect(text).toMatch(/^failed to parse function arguments: missing field `input`/);
    expect(text).toContain(`\n${MARK} apply_patch has no such field, so it was ignored: text`);
  });

  it('is none under another name for a field, or one that is not advertised', async () => {
    using workspace = new Workspace({ f: 'a\n' });
    const args = { path: workspace.path('f'), mode: 'slice' };
    expect(await answer(workspace, asFunction('read_file', args))).toBe('L1: a');
  });
});

it('a text for a tool that takes more than one is answered with what it takes', async () => {
  using workspace = new Workspace();
  expect(await answer(workspace, asCustom('edit_file', 'f'))).toBe(
    'tool edit_file invoked with incompatible payload\nIt takes JSON arguments. Required: file_path, old_string, new_string.',
  );
});

it('a text for a tool that requires one text is that text', async () => {
  using workspace = new Workspace({ f: 'needle\n' });
  expect(await answer(workspace, asCustom('grep_files', 'needle'))).toBe(workspace.path('f'));
});
