import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { functionCall, message, reasoning, respond } from '../../../src/testing/index.ts';
import type { AcpClient, Update } from '../../support/programs/acp-client.ts';
import { AcpPlace, ask } from './place.ts';

const place = AcpPlace.ofFile('sandbox_mode = "danger-full-access"\napproval_policy = "never"\n');
const done = respond(message('It is done.'));
const shell = (script: string) => respond(functionCall('shell', { command: ['bash', '-c', script] }, 'c1'));

/** What the client knows of a call at the end, and the states that it went through. */
function callOf({ updates }: AcpClient, id = 'c1') {
  const seen = updates.filter((update) => 'toolCallId' in update && update.toolCallId === id);
  const known: Partial<Extract<Update, { sessionUpdate: 'tool_call' }>> = Object.assign({}, ...seen);
  const states = seen.flatMap((update) => ('status' in update && update.status ? [update.status] : []));
  return { ...known, states, first: seen[0]?.sessionUpdate };
}

describe('keel acp: tool calls', () => {
  test('a command is announced, and ends with itself and its output as text; one that fails is a failed call', async () => {
    const fences = 'printf "\\140\\140\\140\\n"; exit 3';
    await using editor = await place.connect([shell(fences), done]);
    const sessionId = await place.open(editor);
    await ask(editor, sessionId, 'go');
    const call = callOf(editor);
    expect([call.first, call.states]).toEqual(['tool_call', ['pending', 'in_progress', 'failed']]);
    expect(call).toMatchObject({
      kind: 'execute',
      title: `bash -c '${fences}'`,
      rawOutput: { exitCode: 3 },
    });
    const text = `\`\`\`\`console\n$ bash -c '${fences}'\n\`\`\`\n\`\`\`\`\n\nExit code 3.`;
    expect(call.content).toEqual([{ type: 'content', content: { type: 'text', text } }]);
    expect(JSON.stringify(editor.updates)).not.toContain('terminal');
  });

  test('a client that shows terminals gets the output as it comes, and the text as well', async () => {
    const capabilities = { _meta: { terminal_output: true } };
    await using editor = await place.connect([shell('echo out; exit 2'), done], { capabilities });
    const sessionId = await place.open(editor);
    await ask(editor, sessionId, 'go');
    const terminalId = 'c1';
    const metas = editor.updates.flatMap((update) => ('_meta' in update && update._meta ? [update._meta] : []));
    expect(metas[0]).toEqual({ terminal_info: { terminal_id: terminalId, cwd: place.repo.path } });
    expect(metas).toContainEqual({ terminal_output: { terminal_id: terminalId, data: 'out\n' } });
    expect(metas.at(-1)).toMatchObject({ terminal_exit: { terminal_id: terminalId, exit_code: 2, signal: null } });
    const { content } = callOf(editor);
    expect(content?.map(({ type }) => type)).toEqual(['terminal', 'content']);
  });

  test('a change has the whole text before and after, its kind and its place', async () => {
    const lines = Array.from({ length: 40 }, (_, at) => `line ${at}\n`);
    place.repo.write({ 'long.txt': lines.join('') });
    const patch = '*** Begin Patch\n*** Update File: long.txt\n@@\n line 29\n-line 30\n+changed\n*** End Patch';
    const edit = respond(functionCall('shell', { command: ['apply_patch', patch] }, 'c1'));
    await using editor = await place.connect([edit, done]);
    const sessionId = await place.open(editor);
    await ask(editor, sessionId, 'go');
    const path = join(place.repo.path, 'long.txt');
    const newText = lines.with(30, 'changed\n').join('');
    expect(readFileSync(path, 'utf8')).toBe(newText);
    expect(callOf(editor)).toMatchObject({
      kind: 'edit',
      states: ['in_progress', 'completed'],
      locations: [{ path, line: 30 }],
      content: [{ type: 'diff', path, oldText: lines.join(''), newText }],
    });
  });

  test('a new file has no text before', async () => {
    const patch = '*** Begin Patch\n*** Add File: new.txt\n+hello\n*** End Patch';
    await using editor = await place.connect([
      respond(functionCall('shell', { command: ['apply_patch', patch] }, 'c1')),
      done,
    ]);
    const sessionId = await place.open(editor);
    await ask(editor, sessionId, 'go');
    const path = join(place.repo.path, 'new.txt');
    expect(callOf(editor).content).toEqual([{ type: 'diff', path, oldText: null, newText: 'hello\n' }]);
  });

  test('a plan is sent whole each time, thoughts are thoughts, and a repeated call id is another call', async () => {
    const plan = (first: string) => ({
      plan: [
        { step: 'look', status: first },
        { step: 'do', status: 'pending' },
      ],
    });
    await using editor = await place.connect([
      respond(reasoning(['Hm.']), functionCall('update_plan', plan('in_progress'), 'p1')),
      respond(functionCall('update_plan', plan('completed'), 'p2')),
      shell('true'),
      shell('true'),
      done,
    ]);
    const sessionId = await place.open(editor);
    await ask(editor, sessionId, 'go');
    const plans = editor.updates.filter((update) => update.sessionUpdate === 'plan');
    expect(plans[0]?.entries[0]).toEqual({ content: 'look', priority: 'medium', status: 'in_progress' });
    expect(plans.at(-1)?.entries.map(({ status }) => status)).toEqual(['completed', 'pending']);
    const thoughts = editor.updates.filter((update) => update.sessionUpdate === 'agent_thought_chunk');
    expect(thoughts.map(({ content }) => content)).toEqual([{ type: 'text', text: 'Hm.' }]);
    const ids = editor.updates.flatMap((update) => (update.sessionUpdate === 'tool_call' ? [update.toolCallId] : []));
    expect(ids).toEqual(['c1', 'c1#2']);
  });

  test('a turn that only thinks ends', async () => {
    await using editor = await place.connect([respond(reasoning(['Nothing to do.'])), done, done]);
    const sessionId = await place.open(editor);
    expect(await ask(editor, sessionId, 'go')).toEqual({ stopReason: 'end_turn' });
  });
});
