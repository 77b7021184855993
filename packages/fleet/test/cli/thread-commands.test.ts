import type { ApprovalRequest } from 'keel/session';
import { expect, test } from 'vitest';
import { waitingLines } from '../../src/cli/thread-commands.ts';

const ids = { questionId: 'q', callId: 'c' };
const edit = { diff: '' };
const command: Extract<ApprovalRequest, { type: 'command' }> = {
  ...{ type: 'command', ...ids, command: [], cwd: '/w', commandActions: [], reason: null, escalated: false },
};
const lines = (call: ApprovalRequest) => waitingLines('t', [{ questionId: 'q', about: 'it', call }]).slice(1, -1);

test('a command that waits is shown whole, and a line end in it is seen', () => {
  const script = 'make test # as you said\nrm -rf ~';
  const shown = lines({ ...command, command: ['bash', '-c', script], reason: 'to test', escalated: true });
  expect(shown).toEqual([
    String.raw`  command: ["bash","-c","make test # as you said\nrm -rf ~"]`,
    '  in: /w',
    '  outside of the sandbox',
    '  reason: to test',
  ]);
});

test.each<[string, ApprovalRequest, readonly string[]]>([
  [
    'a change of files with each of them',
    {
      ...{ type: 'fileChange', ...ids, reason: null },
      changes: [
        { path: 'a.ts', kind: { type: 'add' }, ...edit },
        { path: 'b.ts', kind: { type: 'update', movePath: 'c.ts' }, ...edit },
      ],
    },
    ['  add: a.ts', '  update: b.ts -> c.ts'],
  ],
  [
    'a call of a server with its arguments',
    { type: 'mcpToolCall', ...ids, server: 's', tool: 't', arguments: { to: 'all' }, reason: null },
    ['  arguments: {"to":"all"}'],
  ],
  [
    'a page with its address',
    { type: 'elicitationUrl', questionId: 'q', server: 's', message: 'm', url: 'https://example.com/x', reason: null },
    ['  page: https://example.com/x'],
  ],
])('%s is shown', (_, call, shown) => {
  expect(lines(call)).toEqual(shown);
});

test('nothing that waits steers a terminal', () => {
  const call: ApprovalRequest = {
    ...command,
    command: ['echo', '\u001b[2J\u202e\u009b2J'],
    reason: '\u001b]0;x\u0007',
  };
  const text = waitingLines('t', [{ questionId: 'q', about: 'run \u001b[2J\u009b', call }]).join('\n');
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  expect(text).toContain('waits for an answer: run [2J (q)');
});
