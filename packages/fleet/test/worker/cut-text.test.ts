import type { ApprovalRequest } from 'keel/session';
import { describe, expect, test } from 'vitest';
import { cutText, MESSAGE_BYTES, shownQuestion } from '../../src/worker/cut-text.ts';

const size = (text: string) => Buffer.byteLength(JSON.stringify(text)) - 2;

describe('what the engine keeps of a text', () => {
  const long: readonly (readonly [string, string])[] = [
    ['letters', 'x'.repeat(10_000)],
    ['letters of three bytes', '語'.repeat(10_000)],
    ['pictures of two halves', '🙂'.repeat(10_000)],
    ['one letter before pictures', `x${'🙂'.repeat(10_000)}`],
    ['what JSON writes in six letters', '\u0001'.repeat(10_000)],
    ['quotes', '"'.repeat(MESSAGE_BYTES)],
    ['halves of pictures', '\ud800'.repeat(10_000)],
  ];
  test.each(long)('is its beginning, in a bounded number of bytes: %s', (_, text) => {
    const cut = cutText(text, MESSAGE_BYTES);
    expect(size(cut)).toBeLessThanOrEqual(MESSAGE_BYTES);
    expect(size(cut)).toBeGreaterThan(MESSAGE_BYTES - 12);
    expect(cut.endsWith('…')).toBe(true);
    expect(cut.isWellFormed()).toBe(true);
    expect(text.toWellFormed().startsWith(cut.slice(0, -2))).toBe(true);
  });

  test.each(['', 'short', 'x'.repeat(MESSAGE_BYTES)])('is all of it where it fits: %s', (text) => {
    expect(cutText(text, MESSAGE_BYTES)).toBe(text);
  });

  test('is nothing of nothing', () => {
    expect(cutText(null, MESSAGE_BYTES)).toBeNull();
  });
});

describe('what the engine keeps of a question', () => {
  test('is one line, and all of what the model wants to know', () => {
    const question = `Which database\n${'x'.repeat(400)}?`;
    const options = ['Postgres', 'SQLite'].map((label) => ({ label, description: '' }));
    const questions = [{ id: 'database', header: 'Database', question, options }];
    const kept = shownQuestion({ type: 'questions', questionId: 'q', callId: 'c', questions, reason: null });
    expect(kept).toMatchObject({ questionId: 'q', asked: questions });
    expect(kept.about).toMatch(/^answer: Which database x+…$/);
    expect(size(kept.about)).toBeLessThanOrEqual(120);
  });

  const ids = { questionId: 'q', callId: 'c' };
  const command = (script: string): ApprovalRequest => ({
    ...{ type: 'command', ...ids, command: ['bash', '-c', script], cwd: '/w', commandActions: [] },
    ...{ reason: 'It writes outside of the project.', escalated: true },
  });
  const change = (diff: string): ApprovalRequest => ({
    ...{ type: 'fileChange', ...ids, reason: null },
    changes: [{ path: '/etc/hosts', kind: { type: 'update', movePath: null }, diff }],
  });

  test.each<[string, ApprovalRequest, string]>([
    ['a command', command('make install'), 'run bash -c make install'],
    ['a change', change('-a\n+b\n'), 'change /etc/hosts'],
    [
      'a tool of a server',
      { type: 'mcpToolCall', ...ids, server: 's', tool: 't', arguments: { a: 1 }, reason: 'it may change things' },
      'call s.t',
    ],
    [
      'a host',
      { type: 'network', questionId: 'q', host: 'a.example', port: 443, protocol: 'https', reason: null },
      'reach https://a.example:443',
    ],
  ])('about %s is one line and the call, with its reason', (_, request, about) => {
    expect(shownQuestion(request)).toEqual({ questionId: 'q', about, call: request });
  });

  test.each([command('x'.repeat(5_000)), change('漢'.repeat(1_400)), command('"'.repeat(2_100))])(
    'about a call that is too long for the journal is one line alone',
    (request) => {
      const kept = shownQuestion(request);
      expect(Object.keys(kept)).toEqual(['questionId', 'about']);
      expect(size(kept.about)).toBeLessThanOrEqual(120);
    },
  );
});
