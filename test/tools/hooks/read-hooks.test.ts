import { describe, expect, test } from 'vitest';
import { readHooks } from '../../../src/tools/hooks/files/read-hooks.ts';

const source = { format: 'claude', file: '/home/me/.claude/settings.json', project: null, plugin: null } as const;
const read = (content: unknown) => readHooks(JSON.stringify(content), source);
const command = (more: object = {}) => ({ type: 'command', command: 'check', ...more });

describe('a file of hooks', () => {
  test('gives each command with its event, matcher and the time limit of the event', () => {
    const { hooks, faults } = read({
      theme: 'dark',
      hooks: {
        PreToolUse: [{ matcher: 'Bash', hooks: [command({ timeout: 5, statusMessage: 'checking', async: true })] }],
        UserPromptSubmit: [{ hooks: [command()] }],
        SessionEnd: [{ hooks: [command()] }],
        Interrupt: [{ hooks: [command({ on_failure: 'block' })] }],
        Stop: [{ hooks: [command(), command()] }],
      },
    });
    expect(faults).toEqual([]);
    expect(hooks.map(({ event, timeoutMs }) => [event, timeoutMs])).toEqual([
      ['PreToolUse', 5_000],
      ['UserPromptSubmit', 30_000],
      ['SessionEnd', 1_500],
      ['Interrupt', 3_000],
      ['Stop', 600_000],
      ['Stop', 600_000],
    ]);
    expect(hooks[0]).toEqual({
      ...source,
      ...{ event: 'PreToolUse', matcher: 'Bash', condition: null, command: 'check' },
      ...{ timeoutMs: 5_000, isAsync: true, onFailure: 'pass', statusMessage: 'checking' },
    });
    expect(hooks[3]?.onFailure).toBe('block');
  });

  test.each([
    ['of a type that keel does not run', { type: 'http', url: 'https://x' }, 'of the type "http"'],
    ['without a command', { type: 'command' }, 'has no command'],
    ['with a time limit that is none', command({ timeout: -1 }), 'timeout'],
    ['with a condition that can not be read', command({ if: 'Bash(' }), '`if`'],
    ['that is no object', 'check', 'not an object'],
  ])('reports a hook %s, and reads the others', (_, entry, fault) => {
    const { hooks, faults } = read({ hooks: { Stop: [{ hooks: [entry, command()] }] } });
    expect(hooks).toHaveLength(1);
    expect(faults).toEqual([expect.stringContaining(fault)]);
  });

  test('reports events that keel does not have, and matchers that are no expression', () => {
    const { hooks, faults } = read({
      hooks: { Dreaming: [{ hooks: [command()] }], PreToolUse: [{ matcher: '(', hooks: [command()] }] },
    });
    expect(hooks).toEqual([]);
    expect(faults).toEqual([expect.stringContaining('Dreaming'), expect.stringContaining('matcher')]);
  });

  test('that is not JSON is reported', () => {
    expect(readHooks('{', source).faults).toEqual([expect.stringContaining('is not JSON')]);
  });

  test('without hooks, or with all of them switched off, says nothing', () => {
    expect(read({ model: 'x' })).toEqual({ hooks: [], faults: [] });
    expect(read({ disableAllHooks: true, hooks: { Stop: [{ hooks: [command()] }] } })).toEqual({
      hooks: [],
      faults: [],
    });
  });
});
