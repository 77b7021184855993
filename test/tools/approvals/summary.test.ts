import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { CommandAction } from '../../../src/foundation/protocol/index.ts';
import { CommandJudge } from '../../../src/tools/approvals/index.ts';

type Parsed = { type: string; cmd: string; name?: string; path?: string | null; query?: string | null };
interface Case {
  readonly argv: readonly string[];
  readonly parsed: readonly Parsed[];
}
const cases: readonly Case[] = JSON.parse(readFileSync(join(import.meta.dirname, 'cases/parse-command.json'), 'utf8'));

const judge = new CommandJudge();
beforeAll(() => judge.ready(['bash', '-c', 'echo $HOME']));

/** The form of the reference. */
function wire(action: CommandAction): Parsed {
  const { command: cmd } = action;
  switch (action.type) {
    case 'read':
      return { type: 'read', cmd, name: action.name, path: action.path };
    case 'listFiles':
      return { type: 'list_files', cmd, ...(action.path === null ? {} : { path: action.path }) };
    case 'search': {
      const { query, path } = action;
      return { type: 'search', cmd, ...(query === null ? {} : { query }), ...(path === null ? {} : { path }) };
    }
    case 'unknown':
      return { type: 'unknown', cmd };
  }
}

const withoutNull = (parsed: Parsed) =>
  Object.fromEntries(Object.entries(parsed).filter(([, value]) => value !== null));

describe('C1: every known case', () => {
  test.each(cases)('$argv', ({ argv, parsed }) => {
    expect(judge.summarise(argv).map(wire)).toEqual(parsed.map(withoutNull));
  });
});

const of = (script: string) => judge.summarise(['bash', '-lc', script]).map(wire);

describe('the rules', () => {
  test('C16: a directory is joined to what is read in it', () => {
    expect(of('cd foo && cat a')).toEqual([{ type: 'read', cmd: 'cat a', name: 'a', path: 'foo/a' }]);
  });
  test('C17: a list of files and its head', () => {
    expect(of('rg --files | head -n 50')).toEqual([
      { type: 'search', cmd: 'rg --files' },
      { type: 'unknown', cmd: 'head -n 50' },
    ]);
  });
  test('C18: equal neighbours are one', () => {
    expect(of('make a; make a')).toHaveLength(1);
    expect(of('make a; make b; make a')).toHaveLength(3);
  });
  test('C19: a summary changes no judgement', () => {
    const argv = ['bash', '-lc', 'cat a | xargs rm -f'];
    const before = judge.judge(argv);
    judge.summarise(argv);
    expect(judge.judge(argv)).toEqual(before);
  });
});
