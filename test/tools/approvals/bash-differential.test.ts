import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { CommandJudge, ExecPolicy, judgeByRules, type PlainCommand } from '../../../src/tools/approvals/index.ts';
import { bashRuns } from './bash-runs.ts';
import { hostileScript } from './hostile-scripts.ts';

const SEED = Number(process.env['KEEL_SEED'] ?? 20_261_125);
/** `KEEL_RUNS` scripts; the same few for everybody unless `KEEL_SEED` names others. */
const RUNS = Number(process.env['KEEL_RUNS'] ?? 800);
const LIMIT_MS = Math.max(60_000, RUNS * 40);

const judge = new CommandJudge();
beforeAll(() => judge.ready(['bash', '-c', 'echo $HOME']));

const scripts = fc.sample(hostileScript, { numRuns: RUNS, seed: SEED });
function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort();
}

/** The words as bash notes them; null for what it does without a word: paths, and builtins that do the noting. */
function noted(command: PlainCommand): readonly string[] | null {
  const words = command.map(({ text }) => text);
  const [name] = words;
  return name === undefined || /\/|^(?:builtin|printf|return|\.|:|\[)$/.test(name) ? null : words;
}

const argvOf = (script: string) => ['bash', '-c', script];

test('what keel takes for plain words is what bash runs', { timeout: LIMIT_MS }, () => {
  const plain = scripts.flatMap((script) => {
    const { commands, isSafe } = judge.judge(argvOf(script));
    return commands === null ? [] : [{ script, commands, isSafe }];
  });
  const [whenTrue, whenFalse] = ([0, 1] as const).map((status) =>
    bashRuns(
      plain.map(({ script }) => script),
      { status, builtins: 'noted' },
    ),
  );
  for (const [at, { script, commands }] of plain.entries()) {
    // `builtin` gets past what notes the commands, behind `time` another grammar begins, and a tilde may become a path.
    if (commands.some(([name]) => name?.isDynamic || /^(?:builtin$|time$|~)/.test(name?.text ?? ''))) continue;
    const isLiteral = commands.every((words) =>
      words.every(({ text, isDynamic }) => !isDynamic && !text.startsWith('~')),
    );
    // What becomes of a glob, a tilde or a backslash is not claimed; then the programs are.
    const shown = (words: readonly string[]) => JSON.stringify(isLiteral ? words : words[0]);
    const ran = [...(whenTrue?.[at]?.commands ?? []), ...(whenFalse?.[at]?.commands ?? [])];
    // Each command runs either when all before it succeed or when all fail.
    const claimed = commands.map(noted).filter((words) => words !== null);
    expect({ script, ran: distinct(ran.map(shown)) }).toEqual({ script, ran: distinct(claimed.map(shown)) });
  }
  expect(plain.length).toBeGreaterThan(RUNS / 20);
});

test('no spelling of a forbidden command passes', { timeout: LIMIT_MS }, () => {
  const policy = new ExecPolicy([{ pattern: [['victim']], decision: 'forbidden', justification: null }]);
  const programs = { find: () => null, namesOf: () => [], isBuiltin: () => false };
  const passed = scripts.filter((script) => {
    const argv = argvOf(script);
    return judgeByRules(policy, { argv, judgement: judge.judge(argv), programs }).type === 'none';
  });
  const runs = ([0, 1] as const).flatMap((status) => bashRuns(passed, { status, builtins: 'real' }));
  const broken = runs.flatMap(({ commands }, at) =>
    commands.some(([program]) => program === 'victim') ? [passed[at % passed.length]] : [],
  );
  expect(broken).toEqual([]);
  expect(passed.length).toBeGreaterThan(RUNS / 10);
});
