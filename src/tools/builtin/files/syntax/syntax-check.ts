import { extname } from 'node:path';
import { byteLength, type Grammar, monotonicMs } from '../../../../foundation/util/index.ts';
import type { VerifiedPatch } from '../../../patch/index.ts';
import { jsonCheck, tomlCheck, yamlCheck } from './data-checks.ts';
import { grammarFault } from './grammar-check.ts';
import type { SyntaxFault } from './syntax-fault.ts';

/** A longer text is not checked. */
const MAX_BYTES = 256 * 1024;
/** Files of one patch that are checked; no further one once this much time has passed, milliseconds. */
const MAX_FILES = 8;
const MAX_MS = 500;

type Check = (text: string) => SyntaxFault | null | Promise<SyntaxFault | null>;

const byGrammar =
  (grammar: Grammar): Check =>
  (text) =>
    grammarFault(grammar, text);

const CHECKS: ReadonlyMap<string, Check> = new Map([
  ['.json', jsonCheck],
  ['.toml', tomlCheck],
  ...['.yaml', '.yml'].map((name) => [name, yamlCheck] as const),
  ...['.js', '.mjs', '.cjs', '.jsx'].map((name) => [name, byGrammar('javascript')] as const),
  ...['.ts', '.mts', '.cts'].map((name) => [name, byGrammar('typescript')] as const),
  ['.tsx', byGrammar('tsx')],
  ['.py', byGrammar('python')],
  ['.go', byGrammar('go')],
  ['.rs', byGrammar('rust')],
  ['.java', byGrammar('java')],
  ...['.sh', '.bash'].map((name) => [name, byGrammar('bash')] as const),
]);

/** JSON files that may have comments. */
const WITH_COMMENTS = /(?:^|\/)(?:[tj]sconfig[^/]*|\.eslintrc|devcontainer|[^/]*\.code-workspace)\.json$|\/\.vscode\//;

/**
 * The syntax errors that a patch brought into files, a line each. A file that had one before is not mentioned: then it is
 * rather the check that does not know the dialect. Checks that take too long are given up.
 */
export async function syntaxNotes({ changes }: VerifiedPatch, nameOf: (path: string) => string): Promise<string[]> {
  const startedAt = monotonicMs();
  const notes: string[] = [];
  for (const { path, before, after } of changes.slice(0, MAX_FILES)) {
    const check = WITH_COMMENTS.test(path) ? undefined : CHECKS.get(extname(path).toLowerCase());
    if (check === undefined || after === null || byteLength(after) > MAX_BYTES) continue;
    if (monotonicMs() - startedAt > MAX_MS && notes.length > 0) break;
    const fault = await check(after);
    if (fault === null || (before !== null && (await check(before)) !== null)) continue;
    notes.push(`${nameOf(path)} line ${fault.line}: ${fault.what}. Check whether this edit broke it.`);
  }
  return notes;
}
