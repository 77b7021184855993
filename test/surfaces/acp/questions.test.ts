import { describe, expect, test } from 'vitest';
import { questionView } from '../../../src/surfaces/acp/permissions/question-view.ts';

describe('a question', () => {
  test('about a command names the command, its reason, and that it would leave the sandbox', () => {
    const view = questionView({
      ...{
        type: 'command',
        questionId: 'q',
        callId: 'c',
        command: ['rm', 'a b'],
        cwd: '/home/ada/app',
        commandActions: [],
      },
      ...{ reason: 'It needs more rights.', escalated: true },
    });
    expect(view).toMatchObject({ title: "rm 'a b'", kind: 'execute', status: 'pending' });
    const text = JSON.stringify(view.content);
    for (const part of ["rm 'a b'", 'It needs more rights.', 'outside the sandbox']) expect(text).toContain(part);
  });

  test('about a host is a call of its own', () => {
    const view = questionView({
      ...{ type: 'network', questionId: 'q', host: 'example.com', port: 443, protocol: 'https', reason: null },
    });
    expect(view).toMatchObject({ title: 'Reach example.com:443', kind: 'fetch', status: 'pending' });
    expect(view.content).toHaveLength(1);
  });

  test('about a page names its host, and has its whole address', () => {
    const url = 'https://pay.example.com/order?id=7';
    const asked = { type: 'elicitationUrl', questionId: 'q', server: 'shop', message: 'Please pay.', url } as const;
    const view = questionView({ ...asked, reason: null });
    expect(view).toMatchObject({ kind: 'other', status: 'pending' });
    expect(view.title).toContain('pay.example.com');
    expect(JSON.stringify(view.content)).toContain(url);
  });

  test('about a call of an MCP server has its arguments', () => {
    const view = questionView({
      ...{ type: 'mcpToolCall', questionId: 'q', callId: 'c', server: 's', tool: 't', arguments: { a: 1 } },
      reason: 'It may write.',
    });
    expect(view).toMatchObject({ title: 's: t', name: 't', status: 'pending', rawInput: { a: 1 } });
  });

  test('about a change shows what would change', () => {
    const changes = [{ path: '/home/ada/app/new.txt', kind: { type: 'add' as const }, diff: 'hello\n' }];
    const view = questionView({ type: 'fileChange', questionId: 'q', callId: 'c', changes, reason: null });
    expect(view).toMatchObject({
      kind: 'edit',
      status: 'pending',
      content: [{ type: 'diff', path: '/home/ada/app/new.txt', oldText: null, newText: 'hello\n' }],
    });
  });
});
