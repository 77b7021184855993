import { describe, expect, test } from 'vitest';
import { type ExecArguments, parseExecArguments } from '../../../../src/surfaces/cli/commands/exec/exec-arguments.ts';
import { UsageError } from '../../../../src/surfaces/cli/usage.ts';

const ID = '01a20cee-41e3-7d69-b809-3f6bd217b403';
const read = (line: string) => parseExecArguments(line === '' ? [] : line.split(' '));

describe('the thread and the prompt of keel exec', () => {
  test.each<[string, Pick<ExecArguments, 'target' | 'prompt'>]>([
    ['', { target: { type: 'new' }, prompt: null }],
    ['fix', { target: { type: 'new' }, prompt: 'fix' }],
    ['-', { target: { type: 'new' }, prompt: '-' }],
    [`resume ${ID}`, { target: { type: 'resume', id: ID }, prompt: null }],
    [`resume ${ID} fix`, { target: { type: 'resume', id: ID }, prompt: 'fix' }],
    ['resume --last', { target: { type: 'resumeLast', anyDirectory: false }, prompt: null }],
    ['resume --last fix', { target: { type: 'resumeLast', anyDirectory: false }, prompt: 'fix' }],
    ['--last --all resume fix', { target: { type: 'resumeLast', anyDirectory: true }, prompt: 'fix' }],
    [`fix resume ${ID}`, { target: { type: 'resume', id: ID }, prompt: 'fix' }],
    [`one resume ${ID} two`, { target: { type: 'resume', id: ID }, prompt: 'two' }],
    [`resume ${ID} --take-over`, { target: { type: 'resume', id: ID, takeOver: true }, prompt: null }],
    [`fork ${ID} fix`, { target: { type: 'fork', id: ID, userMessages: null }, prompt: 'fix' }],
    [`fork ${ID} --at 0`, { target: { type: 'fork', id: ID, userMessages: 0 }, prompt: null }],
    ['fork --last --at 3', { target: { type: 'forkLast', anyDirectory: false, userMessages: 3 }, prompt: null }],
    // A thread may be named by a word that is a verb.
    ['resume fork', { target: { type: 'resume', id: 'fork' }, prompt: null }],
  ])('keel exec %s', (line, expected) => {
    expect(read(line)).toMatchObject(expected);
  });

  test('a word that is no verb in its place is part of the prompt', () => {
    expect(parseExecArguments(['--', 'resume the work'])).toMatchObject({
      ...{ target: { type: 'new' }, prompt: 'resume the work' },
    });
  });

  test('a new thread and a fork take a name and an id of the user’s, in lower case', () => {
    const label = { name: 'low', threadId: ID };
    expect(read(`--name low --session-id ${ID.toUpperCase()} fix`).target).toEqual({ type: 'new', label });
    expect(read(`fork --last --name low`).target).toMatchObject({ label: { name: 'low' } });
  });

  test.each([
    ['one two', /one prompt is expected, got 2 words: quote it/],
    ['resume', /which thread\? give its id or name, or --last/],
    ['fork', /which thread/],
    [`resume ${ID} one two`, /unexpected word after the prompt: two/],
    ['--last fix', /--last belongs to resume and fork/],
    [`resume ${ID} --all`, /--all belongs to --last/],
    ['--at 2 fix', /--at belongs to fork/],
    [`resume ${ID} --at 2`, /--at belongs to fork/],
    ['fork --last --at -1', /--at/],
    ['fork --last --at x', /--at: a whole number from 0 is expected, not "x"/],
    [`fork ${ID} --rollback 1`, /--rollback belongs to resume/],
    [`resume ${ID} --rollback 0`, /--rollback: a whole number from 1 is expected/],
    ['resume --last --take-over', /--take-over belongs to resume THREAD/],
    ['--take-over fix', /--take-over belongs to resume THREAD/],
    [`resume ${ID} --name x`, /--name belongs to a new thread or a fork/],
    ['--session-id 12 fix', /--session-id: a UUID is expected, such as/],
    ['--name x --ephemeral fix', /--name and --ephemeral exclude each other/],
  ])('keel exec %s is refused in words', (line, message) => {
    expect(() => read(line)).toThrow(UsageError);
    expect(() => read(line)).toThrow(message);
  });
});

describe('the options of keel exec', () => {
  test('none of them given, a run is new, recorded, without colours of its own, and as configured', () => {
    expect(read('fix')).toEqual({
      ...{ target: { type: 'new' }, rollback: null, prompt: 'fix', images: [], flags: {}, cd: null, worktree: null },
      ...{ overrides: [], strictConfig: false, outputSchema: null, lastMessageFile: null, skipGitRepoCheck: false },
      ...{ color: 'auto', format: 'text', ephemeral: false, ignored: [] },
    });
  });

  test.each<[string, readonly string[]]>([
    ['--wait-for-quota fix', ['wait_for_quota=true']],
    ['--verify fix', ['verify_before_finish="exec"']],
    ['-c a=1 -c b="x" fix', ['a=1', 'b="x"']],
    ['--enable x --disable y fix', ['features.x=true', 'features.y=false']],
    // What the user wrote comes last and wins.
    ['--verify -c verify_before_finish="off" fix', ['verify_before_finish="exec"', 'verify_before_finish="off"']],
  ])('%s sets what it is named for', (line, overrides) => {
    expect(read(line).overrides).toEqual(overrides);
  });

  test.each<[string, ExecArguments['flags']]>([
    ['-m gpt-5 --effort high fix', { model: 'gpt-5', effort: 'high' }],
    ['-s read-only fix', { sandboxMode: 'read-only' }],
    ['--full-auto fix', { sandboxMode: 'workspace-write' }],
    ['--yolo fix', { sandboxMode: 'danger-full-access' }],
    ['--search fix', { webSearch: true }],
    ['--add-dir a --add-dir b fix', { addDirs: ['a', 'b'] }],
    ['--max-turns 3 --max-tokens 1000 fix', { budget: { turns: 3, tokens: 1_000 } }],
    ['--max-minutes 0.5 --max-cost 1.25 fix', { budget: { minutes: 0.5, cost: 1.25 } }],
    ['--allowed-tools a,b --allowed-tools c fix', { allowedTools: ['a', 'b', 'c'] }],
  ])('%s goes to the configuration', (line, flags) => {
    expect(read(line).flags).toEqual(flags);
  });

  test.each<[string, ExecArguments['format']]>([
    ['--json fix', 'stream-json'],
    ['--experimental-json fix', 'stream-json'],
    ['--json --output-format stream-json fix', 'stream-json'],
    ['--output-format json fix', 'json'],
    ['--output-format text fix', 'text'],
  ])('%s chooses the output', (line, format) => {
    expect(read(line).format).toBe(format);
  });

  test('pictures are named one by one or in a list', () => {
    expect(read('-i a.png -i b.png,c.png fix').images).toEqual(['a.png', 'b.png', 'c.png']);
  });

  test('a work tree has the name that was given, or a new one', () => {
    expect([read('--worktree=side fix').worktree, read('--worktree fix').worktree]).toEqual([
      { name: 'side' },
      { name: null },
    ]);
  });

  test('what other clients send and has no effect here is named', () => {
    expect(read('--thread-source cli fix').ignored).toEqual(['--thread-source']);
  });

  test.each([
    ['--json --output-format text fix', /--json and --output-format text exclude each other/],
    ['--output-format xml fix', /--output-format is one of text, json, stream-json, not "xml"/],
    ['--color sometimes fix', /--color is one of always, never, auto/],
    ['-s open fix', /--sandbox is one of/],
    ['--full-auto --yolo fix', /exclude each other/],
    ['-s read-only --full-auto fix', /--sandbox and --full-auto exclude each other: both choose the sandbox/],
    ['-s read-only --yolo fix', /exclude each other: both choose the sandbox/],
    ['--max-cost 0 fix', /--max-cost: a number above 0 is expected/],
    ['--max-minutes -1 fix', /--max-minutes/],
    ['--max-tokens 1.5 fix', /--max-tokens: a whole number from 1/],
    ['-i , fix', /--image: a file name is expected/],
  ])('%s is refused in words', (line, message) => {
    expect(() => read(line)).toThrow(UsageError);
    expect(() => read(line)).toThrow(message);
  });
});
