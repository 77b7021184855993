import { describe, expect, test } from 'vitest';
import { ThreadFacts } from '../../../src/context/history/index.ts';
import { contextMessage } from '../../../src/context/index.ts';
import { commandResultJson, finishedResult, type ResponseItem } from '../../../src/foundation/protocol/index.ts';
import { assistant, user } from './items.ts';

let calls = 0;

/** A call with its output, as two items. */
function called(name: string, args: unknown, output: string): ResponseItem[] {
  calls += 1;
  const call_id = `c${calls}`;
  return [
    { type: 'function_call', name, arguments: typeof args === 'string' ? args : JSON.stringify(args), call_id },
    { type: 'function_call_output', call_id, output },
  ];
}

const ended = (exitCode: number, output = '') => finishedResult({ output, exitCode, durationSeconds: 0.1 });
const ran = (cmd: string, exitCode = 0, output = '') => called('exec_command', { cmd }, ended(exitCode, output));
const edited = (path: string, exitCode = 0) =>
  called('edit_file', { file_path: path, old_string: 'a', new_string: 'b' }, ended(exitCode));
const patched = (...lines: string[]) =>
  called('apply_patch', { input: ['*** Begin Patch', ...lines, '*** End Patch'].join('\n') }, ended(0));
const planned = (...steps: (readonly [string, string])[]) =>
  called('update_plan', { plan: steps.map(([step, status]) => ({ step, status })) }, 'Plan updated');

function factsOf(...items: readonly (readonly ResponseItem[])[]): ThreadFacts {
  const facts = new ThreadFacts();
  for (const item of items.flat()) facts.note(item);
  return facts;
}

describe('the files that a thread changed', () => {
  test.each<[string, readonly ResponseItem[][], readonly string[]]>([
    ['none', [ran('ls')], []],
    ['one that was edited', [edited('a.ts')], ['M a.ts']],
    ['none by an edit that failed', [edited('a.ts', 1)], []],
    ['one that was added stays added when it is edited', [patched('*** Add File: a', '+x'), edited('a')], ['A a']],
    ['one that was deleted', [patched('*** Delete File: a')], ['D a']],
    ['one that was moved', [patched('*** Update File: a', '*** Move to: b', '@@', '-x', '+y')], ['D a', 'A b']],
    ['what a command wrote', [ran('echo x > out.txt')], ['M out.txt']],
    ['nothing of a command that failed', [ran('echo x > out.txt', 1)], []],
    ['one that was added and removed', [patched('*** Add File: a', '+x'), ran('rm a')], ['D a']],
  ])('are known: %s', (_, items, files) => {
    expect(factsOf(...items).changedFiles).toEqual(files);
  });

  test('are counted line by line over several patches', () => {
    const facts = factsOf(
      patched('*** Update File: a', '@@', '-x', '+y', '+z'),
      patched('*** Update File: a', '@@', '-q', '+r'),
    );
    expect(facts.render([])).toContain('M  a (+3 -2)');
  });

  test('are known of a freeform patch too, and of one under a name that earlier versions had', () => {
    const input = '*** Begin Patch\n*** Update File: a\n@@\n-x\n+y\n*** End Patch';
    const facts = factsOf([
      { type: 'custom_tool_call', name: 'apply_patch', input, call_id: 'p1' },
      {
        type: 'custom_tool_call_output',
        call_id: 'p1',
        output: commandResultJson({ output: 'ok', exitCode: 0, durationSeconds: 1 }),
      },
    ]);
    expect(facts.changedFiles).toEqual(['M a']);
  });

  test('beyond a hundred are counted', () => {
    const facts = factsOf(...Array.from({ length: 103 }, (_, n) => edited(`f${n}`)));
    expect(facts.changedFiles).toHaveLength(103);
    const text = facts.render([]);
    expect(text).toContain('M  f99 (');
    expect(text).not.toContain('M  f100 (');
    expect(text).toContain('and 3 more');
  });
});

describe('the last check', () => {
  test.each([
    ['npm test', '', true],
    ['cargo clippy && cargo test', '', true],
    ['go vet ./...', '', true],
    ['./run.sh', '12 tests passed', true],
    ['./run.sh', 'all good', false],
    ['ls', '', false],
    ['cat latest.txt', '', false],
  ])('is the command %j with the output %j: %s', (cmd, output, isCheck) => {
    expect(factsOf(ran(cmd, 0, output)).lastCheck?.command).toBe(isCheck ? cmd : undefined);
  });

  test('is out of date after an edit, and fresh again once it ran again', () => {
    const facts = factsOf(ran('npm test', 1, 'one failed'));
    expect(facts.lastCheck).toMatchObject({ exitCode: 1, isFresh: true });
    expect(facts.render([])).toContain('npm test: exit code 1, after the last edit\none failed');
    for (const item of edited('a')) facts.note(item);
    expect(facts.lastCheck).toMatchObject({ isFresh: false });
    expect(facts.render([])).toContain('before the last edit, so out of date');
    for (const item of ran('npm test')) facts.note(item);
    expect(facts.lastCheck).toMatchObject({ exitCode: 0, isFresh: true });
  });

  test('says how it failed with the end of its output', () => {
    const text = factsOf(ran('npm test', 1, `${'x\n'.repeat(2_000)}the cause`)).render([]);
    expect(text).toContain('the cause');
    expect(Buffer.byteLength(text)).toBeLessThan(1_500);
  });

  test('of a command that still runs is none', () => {
    const running = 'Still running as session 3\nWall time: 1 seconds\nOutput:\n';
    expect(factsOf(called('exec_command', { cmd: 'npm test' }, running)).lastCheck).toBeNull();
  });
});

describe('what is left open since a place', () => {
  test('are files that no check followed, each once', () => {
    const facts = factsOf(edited('before'));
    const place = facts.place;
    for (const item of [edited('a'), ran('npm test'), edited('b'), edited('c'), edited('b')].flat()) facts.note(item);
    expect(facts.since(place)).toEqual({ uncheckedFiles: ['b', 'c'], openSteps: [] });
    expect(facts.since({ edits: 0, plans: 0 }).uncheckedFiles).toEqual(['b', 'c']);
    expect(facts.since(facts.place).uncheckedFiles).toEqual([]);
  });

  test('are steps of a plan that was set since', () => {
    const facts = factsOf(planned(['old', 'pending']));
    const { place } = facts;
    expect(facts.since(place).openSteps).toEqual([]);
    for (const item of planned(['one', 'completed'], ['two', 'in_progress'], ['three', 'pending'])) facts.note(item);
    expect(facts.since(place).openSteps).toEqual(['two', 'three']);
  });

  test('is not changed by a plan that is malformed', () => {
    const facts = factsOf(planned(['one', 'pending']), called('update_plan', '{"plan": 1}', 'failed'));
    expect(facts.since({ edits: 0, plans: 0 }).openSteps).toEqual(['one']);
    expect(facts.place.plans).toBe(1);
  });
});

describe('the work since a place', () => {
  test('is null where nothing was changed', () => {
    expect(factsOf(ran('npm test')).workSince({ edits: 0, plans: 0 })).toBeNull();
  });

  test('names files by how they are now, and the newest result of each check since the last edit', () => {
    const facts = factsOf(edited('a'), ran('npm test'), patched('*** Add File: b', '+x'), ran('rm a'));
    for (const item of [ran('npm test', 1), ran('tsc'), ran('npm test', 0)].flat()) facts.note(item);
    expect(facts.workSince({ edits: 0, plans: 0 })).toEqual({
      changed: [
        { path: 'a', kind: 'delete' },
        { path: 'b', kind: 'add' },
      ],
      checks: [
        { command: 'tsc', exitCode: 0 },
        { command: 'npm test', exitCode: 0 },
      ],
    });
  });

  test('has the newest ten checks', () => {
    const facts = factsOf(edited('a'), ...Array.from({ length: 12 }, (_, n) => ran(`make test-${n}`)));
    expect(facts.workSince({ edits: 0, plans: 0 })?.checks.map(({ command }) => command)).toEqual(
      Array.from({ length: 10 }, (_, n) => `make test-${n + 2}`),
    );
  });
});

describe('the facts in a handover', () => {
  test('are empty for a thread in which nothing happened', () => {
    expect(factsOf([user('hello'), assistant('hi')]).render([])).toBe('');
  });

  test('have their parts in order', () => {
    const facts = factsOf(
      planned(['look', 'completed'], ['fix', 'in_progress'], ['check', 'pending']),
      called('read_file', { file_path: 'first.ts' }, 'L1: x'),
      called('read_file', { file_path: 'second.ts' }, 'L1: x'),
      called('read_file', { file_path: 'a.ts' }, 'L1: x'),
      edited('a.ts'),
      ran('ls -la'),
      ran('ls -la'),
      ran('npm test', 1, 'boom'),
      [contextMessage('<skills name="pdf" path="/s/pdf/SKILL.md">\nbody\n</skills>')],
      called('mcp__notes__add', { n: 1 }, '[]'),
    );
    expect(facts.render(['session 4: npm run dev'])).toBe(
      [
        'Plan:\n[x] look\n[>] fix\n[ ] check',
        'Changed files:\nM  a.ts (+0 -0)',
        'Last check:\nnpm test: exit code 1, after the last edit\nboom',
        'Finished commands (exit code, command), oldest first:\n0  ls -la (2 times)\n1  npm test',
        'Still running:\nsession 4: npm run dev',
        'Skills that the user chose; read the file again to go on by it:\npdf (/s/pdf/SKILL.md)',
        'Calls of MCP tools, oldest first:\nmcp__notes__add {"n":1}',
        'Read files:\nsecond.ts\nfirst.ts',
      ].join('\n\n'),
    );
  });

  test('keep the newest forty commands, each on one short line', () => {
    const facts = factsOf(...Array.from({ length: 45 }, (_, n) => ran(`echo ${n}\n${'y'.repeat(300)}`)));
    const lines = facts.render([]).split('\n').slice(1);
    expect(lines).toHaveLength(40);
    expect(lines[0]).toMatch(/^0 {2}echo 5 y+\.\.\.$/);
    for (const line of lines) expect(line.length).toBeLessThan(180);
  });

  test.each([400, 1_000, 4_000])('are within %i bytes, with the plan and the last check first', (maxBytes) => {
    const facts = factsOf(
      planned(['fix it', 'in_progress']),
      ...Array.from({ length: 100 }, (_, n) => edited(`a/long/folder/name/file-${n}.ts`)),
      ran('npm test', 1, 'boom'),
      ...Array.from({ length: 40 }, (_, n) => ran(`echo ${n} ${'z'.repeat(100)}`)),
    );
    const text = facts.render([], maxBytes);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(maxBytes);
    expect(text).toMatch(/^Plan:\n\[>\] fix it\n\nChanged files:\n100 files\n\nLast check:\nnpm test: exit code 1/);
  });

  test('know the whole command of a local shell call', () => {
    const facts = factsOf([
      {
        type: 'local_shell_call',
        call_id: 'l1',
        status: 'completed',
        action: { type: 'exec', command: ['bash', '-lc', 'make check'] },
      },
      { type: 'function_call_output', call_id: 'l1', output: ended(2, 'no rule') },
    ]);
    expect(facts.lastCheck).toMatchObject({ command: 'make check', exitCode: 2 });
  });

  test('say whether subagents were started', () => {
    expect(factsOf(ran('ls')).hasSubagents).toBe(false);
    expect(factsOf(called('spawn_agent', { message: 'go' }, '{"id":"worker-1"}')).hasSubagents).toBe(true);
  });

  test('take an output for the call before it alone, also where an id is used twice', () => {
    const [call, output] = ran('npm test', 0);
    const facts = new ThreadFacts();
    for (const item of [output, call, output, output]) if (item) facts.note(item);
    expect(facts.render([])).toMatch(/oldest first:\n0 {2}npm test$/);
  });
});
