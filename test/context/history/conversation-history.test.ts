import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConversationHistory } from '../../../src/context/history/index.ts';
import { NO_USAGE, type ResponseItem } from '../../../src/foundation/protocol/index.ts';

const user = (text: string): ResponseItem => ({
  type: 'message',
  role: 'user',
  content: [{ type: 'input_text', text }],
});
const assistant = (text: string): ResponseItem => ({
  type: 'message',
  role: 'assistant',
  content: [{ type: 'output_text', text }],
});
const thought = (text: string): ResponseItem => ({ type: 'reasoning', summary: [{ type: 'summary_text', text }] });
const call = (id: string): ResponseItem => ({ type: 'function_call', name: 'shell', arguments: '{}', call_id: id });
const output = (id: string, text = 'x'): ResponseItem => ({ type: 'function_call_output', call_id: id, output: text });
const customCall = (id: string): ResponseItem => ({
  type: 'custom_tool_call',
  name: 'apply_patch',
  input: '',
  call_id: id,
});
const customOutput = (id: string): ResponseItem => ({ type: 'custom_tool_call_output', call_id: id, output: 'x' });

function historyOf(items: readonly ResponseItem[]): ConversationHistory {
  const history = new ConversationHistory();
  history.record(items);
  return history;
}

describe('ConversationHistory', () => {
  test('M47: system messages are not recorded', () => {
    const system: ResponseItem = { type: 'message', role: 'system', content: [] };
    expect(historyOf([system, user('a'), assistant('b')]).items).toEqual([user('a'), assistant('b')]);
  });

  test('M48: a call without an output is answered as aborted, in its own kind, right behind it', () => {
    const shell: ResponseItem = {
      type: 'local_shell_call',
      call_id: 'l',
      status: 'completed',
      action: { type: 'exec', command: ['x'] },
    };
    const noId: ResponseItem = {
      type: 'local_shell_call',
      status: 'completed',
      action: { type: 'exec', command: ['x'] },
    };
    expect(historyOf([call('f'), customCall('c'), shell, noId, user('next')]).forPrompt()).toEqual([
      call('f'),
      output('f', 'aborted'),
      customCall('c'),
      { ...customOutput('c'), output: 'aborted' },
      shell,
      output('l', 'aborted'),
      noId,
      user('next'),
    ]);
  });

  test('M49: outputs without a call of their kind are dropped, and a second reading changes nothing', () => {
    const history = historyOf([output('none'), customCall('same'), output('same'), call('f'), output('f')]);
    const once = history.forPrompt();
    expect(once).toEqual([customCall('same'), { ...customOutput('same'), output: 'aborted' }, call('f'), output('f')]);
    expect(history.forPrompt()).toEqual(once);
  });

  test('M50: the oldest item leaves with its other half', () => {
    for (const pair of [
      [call('a'), output('a')],
      [customCall('a'), customOutput('a')],
    ]) {
      const history = historyOf([...pair, user('next')]);
      history.removeFirst();
      expect(history.items).toEqual([user('next')]);
    }
  });

  test('M51, M53: reasoning before the last user message and snapshots are kept, not sent', () => {
    const snapshot: ResponseItem = {
      type: 'ghost_snapshot',
      ghost_commit: { id: 'a', preexisting_untracked_files: [], preexisting_untracked_dirs: [] },
    };
    const items = [
      user('1'),
      thought('1'),
      assistant('1'),
      snapshot,
      user('2'),
      thought('2'),
      assistant('2'),
      thought('3'),
    ];
    const history = historyOf(items);
    expect(history.forPrompt()).toEqual([
      user('1'),
      assistant('1'),
      user('2'),
      thought('2'),
      assistant('2'),
      thought('3'),
    ]);
    expect(history.items).toHaveLength(items.length);
  });

  test('M56: a full window equals the totals, with the difference as the last', () => {
    const history = historyOf([]);
    history.setFull(100);
    expect(history.tokenInfo).toMatchObject({
      total_token_usage: { total_tokens: 100 },
      last_token_usage: { total_tokens: 100 },
    });
    history.setFull(150);
    expect(history.tokenInfo).toMatchObject({
      total_token_usage: { total_tokens: 150 },
      last_token_usage: { total_tokens: 50 },
    });
  });

  test('a snapshot that is used up leaves the size of the conversation as it was measured', () => {
    const history = new ConversationHistory();
    const snapshot = (id: string): ResponseItem => ({
      type: 'ghost_snapshot',
      ghost_commit: { id, preexisting_untracked_files: [], preexisting_untracked_dirs: [] },
    });
    history.record([user('one'), snapshot('a'), snapshot('b')]);
    history.updateTokenInfo({ ...NO_USAGE, total_tokens: 100 }, 1_000);
    history.record([assistant('some more')]);
    const before = [history.contextTokens, history.measuredTokens];
    history.removeSnapshot('b');
    expect(history.items.filter(({ type }) => type === 'ghost_snapshot')).toEqual([snapshot('a')]);
    expect([history.contextTokens, history.measuredTokens]).toEqual(before);
  });

  test('a command’s long result is cut inside its JSON, which stays JSON', () => {
    const text = JSON.stringify({ output: 'line\n'.repeat(5_000), metadata: { exit_code: 0, duration_seconds: 0 } });
    const [kept] = historyOf([call('a'), output('a', text)]).items.slice(1);
    expect(kept?.type === 'function_call_output' && JSON.parse(String(kept.output))).toMatchObject({
      metadata: { exit_code: 0 },
    });
  });

  test('the prompt that is kept up to date equals one made again, whatever is recorded', () => {
    const item = fc.oneof(
      fc.constantFrom(user('u'), assistant('a'), thought('t')),
      fc
        .constantFrom('1', '2', '3')
        .chain((id) => fc.constantFrom(call(id), output(id), customCall(id), customOutput(id))),
    );
    fc.assert(
      fc.property(fc.array(fc.array(item, { maxLength: 4 }), { maxLength: 12 }), (batches) => {
        const history = new ConversationHistory();
        for (const batch of batches) {
          history.record(batch);
          const fresh = new ConversationHistory();
          fresh.replace(history.items);
          expect(history.forPrompt()).toEqual(fresh.forPrompt());
          const prompt = history.forPrompt();
          const calls = prompt.filter((entry) => entry.type === 'function_call' || entry.type === 'custom_tool_call');
          const outputs = prompt.filter((entry) => 'output' in entry);
          expect(outputs.every((entry) => calls.some((made) => made.call_id === entry.call_id))).toBe(true);
        }
      }),
    );
  });
});
