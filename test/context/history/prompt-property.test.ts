import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ConversationHistory } from '../../../src/context/history/index.ts';
import type { ResponseItem } from '../../../src/foundation/protocol/index.ts';
import {
  assistant,
  customCall,
  customOutput,
  functionCall,
  functionOutput,
  localShellCall,
  reasoning,
  snapshot,
  user,
} from './items.ts';

const id = fc.constantFrom('a', 'b', 'c');
const anyItem: fc.Arbitrary<ResponseItem> = fc.oneof(
  fc.string({ maxLength: 4 }).map(user),
  fc.string({ maxLength: 4 }).map(assistant),
  fc.string({ maxLength: 4 }).map(reasoning),
  id.map(functionCall),
  fc.tuple(id, fc.string({ maxLength: 4 })).map(([callId, text]) => functionOutput(callId, text)),
  id.map(customCall),
  id.map((callId) => customOutput(callId)),
  fc.option(id).map(localShellCall),
  id.map(snapshot),
);
const items = fc.array(anyItem, { maxLength: 6 });

type Operation =
  | { readonly type: 'record' | 'replace'; readonly items: readonly ResponseItem[] }
  | { readonly type: 'removeFirst' | 'forPrompt' | 'clone' };
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 6, arbitrary: items.map((some) => ({ type: 'record', items: some }) as const) },
  { weight: 1, arbitrary: items.map((some) => ({ type: 'replace', items: some }) as const) },
  { weight: 1, arbitrary: fc.constantFrom<Operation>({ type: 'removeFirst' }, { type: 'clone' }) },
  { weight: 4, arbitrary: fc.constant<Operation>({ type: 'forPrompt' }) },
);

function apply(history: ConversationHistory, step: Operation): ConversationHistory {
  switch (step.type) {
    case 'record':
      history.record(step.items);
      return history;
    case 'replace':
      history.replace(step.items);
      return history;
    case 'removeFirst':
      history.removeFirst();
      return history;
    case 'forPrompt':
      history.forPrompt();
      return history;
    case 'clone':
      return history.clone();
  }
}

const isCall = (item: ResponseItem) => item.type.endsWith('_call') && item.type !== 'web_search_call';
const isOutput = (item: ResponseItem) => item.type.endsWith('_output');
const kindOf = (item: ResponseItem) =>
  `${item.type.startsWith('custom') ? 'custom' : 'function'} ${'call_id' in item ? item.call_id : ''}`;

/** The rules of a prompt, written as plainly as can be: each call looks for the next output that is its own. */
function referencePrompt(stored: readonly ResponseItem[]): ResponseItem[] {
  const taken = new Set<number>();
  const answer = new Map<number, ResponseItem>();
  for (const [at, call] of stored.entries()) {
    if (!isCall(call) || !('call_id' in call) || !call.call_id) continue;
    const found = stored.findIndex(
      (item, there) => there > at && !taken.has(there) && isOutput(item) && kindOf(item) === kindOf(call),
    );
    if (found !== -1) taken.add(found);
    else {
      const type = call.type === 'custom_tool_call' ? 'custom_tool_call_output' : 'function_call_output';
      answer.set(at, { type, call_id: call.call_id, output: 'aborted' });
    }
  }
  const lastUser = stored.findLastIndex((item) => item.type === 'message' && item.role === 'user');
  return stored.flatMap((item, at) => {
    if (item.type === 'ghost_snapshot' || (item.type === 'reasoning' && at < lastUser)) return [];
    if (isOutput(item) && !taken.has(at)) return [];
    const aborted = answer.get(at);
    return aborted ? [item, aborted] : [item];
  });
}

test('the prompt kept up to date equals the one made from scratch, over any sequence of operations', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 30 }), (steps) => {
      let history = new ConversationHistory();
      for (const step of steps) {
        history = apply(history, step);
        if (step.type === 'forPrompt') expect(history.forPrompt()).toEqual(referencePrompt(history.items));
      }
      expect(history.forPrompt()).toEqual(referencePrompt(history.items));
    }),
    { numRuns: 2_000 },
  );
});

test('I8: every call of a prompt with an id has exactly one output, behind it, and no output is alone', () => {
  fc.assert(
    fc.property(fc.array(items, { maxLength: 8 }), (batches) => {
      const history = new ConversationHistory();
      for (const batch of batches) history.record(batch);
      const waiting = new Map<string, number>();
      for (const item of history.forPrompt()) {
        const kind = kindOf(item);
        if (isCall(item) && 'call_id' in item && item.call_id) waiting.set(kind, (waiting.get(kind) ?? 0) + 1);
        if (!isOutput(item)) continue;
        expect(waiting.get(kind) ?? 0).toBeGreaterThan(0);
        waiting.set(kind, (waiting.get(kind) ?? 0) - 1);
      }
      expect([...waiting.values()].every((count) => count === 0)).toBe(true);
    }),
  );
});

test('items recorded one by one give the history that they give together', () => {
  fc.assert(
    fc.property(fc.array(anyItem, { maxLength: 30 }), (some) => {
      const together = new ConversationHistory();
      together.record(some);
      const single = new ConversationHistory();
      for (const item of some) {
        single.record([item]);
        single.forPrompt();
      }
      expect(single.items).toEqual(together.items);
      expect(single.forPrompt()).toEqual(together.forPrompt());
    }),
  );
});

/** A response of a well-behaved model: its calls are answered before the next request. */
const response = fc
  .array(fc.constantFrom('text', 'reasoning', 'function', 'custom'), { minLength: 1, maxLength: 4 })
  .map((kinds) => kinds);

test('M3: a request extends the one before it, item by item, while a turn runs', () => {
  fc.assert(
    fc.property(fc.array(response, { maxLength: 12 }), (responses) => {
      const history = new ConversationHistory((what) => {
        throw new Error(what);
      });
      history.record([user('context'), user('go')]);
      let before: readonly ResponseItem[] = [];
      for (const [round, kinds] of responses.entries()) {
        const prompt = history.forPrompt();
        expect(prompt.slice(0, before.length).every((item, at) => item === before[at])).toBe(true);
        expect(prompt.length).toBeGreaterThan(before.length);
        before = prompt;
        respond(history, kinds, round);
      }
    }),
  );
});

function respond(history: ConversationHistory, kinds: readonly string[], round: number): void {
  const outputs: ResponseItem[] = [];
  for (const [at, kind] of kinds.entries()) {
    const callId = `${round}-${at}`;
    if (kind === 'text') history.record([assistant(callId)]);
    if (kind === 'reasoning') history.record([reasoning(callId)]);
    if (kind === 'function') {
      history.record([functionCall(callId)]);
      outputs.push(functionOutput(callId));
    }
    if (kind === 'custom') {
      history.record([customCall(callId)]);
      outputs.push(customOutput(callId));
    }
  }
  history.record(outputs);
}

test('a new user message changes nothing of the next request but the reasoning that it ends', () => {
  const history = new ConversationHistory();
  history.record([user('one'), reasoning('r'), functionCall('a'), functionOutput('a'), assistant('done')]);
  const before = history.forPrompt();
  history.record([user('two')]);
  expect(history.forPrompt()).toEqual([...before.filter((item) => item.type !== 'reasoning'), user('two')]);
});

/** How often the items of a history this long are looked at while a step is recorded and the next prompt is made. */
function looksPerStep(length: number): number {
  let looks = 0;
  const watched = (item: ResponseItem): ResponseItem => {
    const { type } = item;
    return Object.defineProperty({ ...item }, 'type', {
      get() {
        looks += 1;
        return type;
      },
    });
  };
  const history = new ConversationHistory();
  history.record([user('go'), ...Array.from({ length }, (_, at) => watched(assistant(`a${at}`)))]);
  history.forPrompt();
  looks = 0;
  history.record([reasoning('r'), functionCall('c'), functionCall('d')]);
  history.record([functionOutput('c'), functionOutput('d')]);
  history.forPrompt();
  history.forPrompt();
  return looks;
}

test('the work of a step does not grow with the length of the history', () => {
  expect(looksPerStep(5_000)).toBe(looksPerStep(50));
});
