import { expect, test } from 'vitest';
import { ThreadFacts } from '../../../src/context/history/index.ts';
import type { CallFacts, ResponseItem } from '../../../src/foundation/protocol/index.ts';
import { cpuSeconds } from '../../support/cpu-time.ts';
import { functionOutput } from './items.ts';

const serverCall = (call_id: string, args: string): ResponseItem => ({
  type: 'function_call',
  name: 'mcp__notes__add',
  arguments: args,
  call_id,
});

function factsOf(...calls: readonly (readonly [args: string, output: string])[]): string {
  const facts = new ThreadFacts();
  for (const [n, [args, output]] of calls.entries()) {
    facts.note(serverCall(`c${n}`, args));
    facts.note(functionOutput(`c${n}`, output));
  }
  return facts.render([]);
}

test('a handover lists calls that reached MCP servers, and those whose outcome is unknown', () => {
  const facts = factsOf(
    ['{"n":1}', '[{"type":"text","text":"added"}]'],
    ['{"command":"make"}', 'Exit code: 0\nall tests passed'],
    ['{"n":2}', 'err: tool call error: no answer within 60 s'],
    ['{"n":3}', 'unknown outcome: keel ended while it ran'],
    ['{"n":1}', '{"added":1}'],
  );
  expect(facts).toBe(
    [
      'Calls whose outcome is not known:\nmcp__notes__add {"n":3}',
      'Calls of MCP tools, oldest first:\nmcp__notes__add {"command":"make"}\nmcp__notes__add {"n":2} (failed)\nmcp__notes__add {"n":1}',
    ].join('\n\n'),
  );
});

test('what a call did is taken from the facts beside its output, whatever the output says', () => {
  const facts = new ThreadFacts();
  const outputs: readonly (readonly [string, CallFacts])[] = [
    ['unknown outcome: says the server itself', { outcome: 'done' }],
    ['err: also its own words', { outcome: 'done' }],
    ['[{"type":"text","text":"no such note"}]', { outcome: 'failed' }],
    ['words that keel may change', { outcome: 'notRun' }],
    ['other words', { outcome: 'unknown' }],
  ];
  for (const [n, [output, known]] of outputs.entries()) {
    facts.note(serverCall(`c${n}`, `{"n":${n}}`));
    facts.note({ type: 'function_call_output', call_id: `c${n}`, output, facts: known });
  }
  expect(facts.render([])).toBe(
    [
      'Calls whose outcome is not known:\nmcp__notes__add {"n":4}',
      'Calls of MCP tools, oldest first:\nmcp__notes__add {"n":0}\nmcp__notes__add {"n":1}\nmcp__notes__add {"n":2} (failed)',
    ].join('\n\n'),
  );
});

test.each<[string, CallFacts | undefined, readonly string[]]>([
  ['mcp__a__one: adds\nmcp__a__two', undefined, ['mcp__a__one', 'mcp__a__two']],
  ['No tool matches. mcp__a__one', undefined, []],
  ['mcp__a__one: a line of a server', { outcome: 'done', found: ['mcp__b__other'] }, ['mcp__b__other']],
  ['mcp__a__one: a line of a server', { outcome: 'done' }, []],
])(
  'a search finds the tools that are kept beside its output, of an earlier version those in it: %j',
  (output, known, found) => {
    const facts = new ThreadFacts();
    facts.note({ type: 'function_call', name: 'tool_search', arguments: '{}', call_id: 'c1' });
    facts.note({ type: 'function_call_output', call_id: 'c1', output, facts: known });
    expect(facts.foundTools).toEqual(found);
  },
);

test.each([
  'err: server notes is not available: it did not answer within 10 s (startup_timeout_sec)',
  'err: the arguments are not an object',
  'aborted',
  'not run: this call needs approval and nobody can give it in this run',
  'tool call rejected by user\nThe user\u2019s reason: no',
])('one that never reached its server is no fact: %s', (output) => {
  expect(factsOf(['{}', output])).toBe('');
});

test('of many calls the newest are listed', () => {
  const facts = factsOf(...Array.from({ length: 30 }, (_, n) => [`{"n":${n}}`, '[]'] as const));
  expect(facts.split('\n')).toHaveLength(21);
  expect(facts).toMatch(/oldest first:\nmcp__notes__add \{"n":10\}/);
});

test('what a command printed is looked at in one go, also where it is nothing but line ends', () => {
  const facts = new ThreadFacts();
  facts.note({ type: 'function_call', name: 'shell', arguments: '{"command":["./run"]}', call_id: 'c1' });
  const output = functionOutput('c1', `Exit code: 1\n${'\n'.repeat(80_000)}over`);
  expect(cpuSeconds(() => facts.note(output))).toBeLessThan(2);
  expect(facts.lastCheck).toBeNull();
});
