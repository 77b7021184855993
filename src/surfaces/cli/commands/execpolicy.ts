import { resolve } from 'node:path';
import { KeelError } from '../../../foundation/protocol/index.ts';
import { DECISIONS, loadRuleFiles, type RuleMatch } from '../../../tools/approvals/index.ts';
import type { CommandIo } from '../io.ts';
import { data } from '../output.ts';
import { HelpRequested, UsageError } from '../usage.ts';

const help = `Usage: keel execpolicy check --rules FILE... [--pretty] [--resolve-host-executables] COMMAND...

Print, as JSON, what rule files decide about a command: the rules that match, and the strictest of their decisions.
`;

/** `keel execpolicy check`: tests rule files. */
export async function execpolicyCommand(io: CommandIo, words: readonly string[]): Promise<number> {
  const [verb, ...rest] = words;
  if (verb === undefined || verb === '--help' || verb === '-h') throw new HelpRequested(help);
  if (verb !== 'check') throw new UsageError(`there is no "execpolicy ${verb}"`);
  const files: string[] = [];
  let pretty = false;
  let resolveHost = false;
  for (let word = rest[0]; word?.startsWith('-'); word = rest[0]) {
    rest.shift();
    if (word === '--') break;
    if (word === '--help' || word === '-h') throw new HelpRequested(help);
    if (word === '--pretty') pretty = true;
    else if (word === '--resolve-host-executables') resolveHost = true;
    else if (word === '--rules' || word === '-r') files.push(rest.shift() ?? '');
    else throw new UsageError(`unknown option ${word}`);
  }
  if (files.length === 0) throw new UsageError('which rules? give at least one --rules FILE');
  if (rest.length === 0) throw new UsageError('which command?');
  const { policy, warnings } = loadRuleFiles(files.map((file) => resolve(io.cwd, file)));
  if (warnings.length > 0) throw new KeelError('invalidConfig', warnings.join('\n'));
  const matches = policy.matches(rest, { resolve: resolveHost });
  const decision = DECISIONS.findLast((one) => matches.some((match) => match.decision === one));
  const result = { matchedRules: matches.map(matchJson), ...(decision === undefined ? {} : { decision }) };
  data(io, `${JSON.stringify(result, null, pretty ? 2 : undefined)}\n`);
  return 0;
}

function matchJson({ matchedPrefix, decision, justification, resolvedProgram }: RuleMatch): object {
  return {
    prefixRuleMatch: {
      matchedPrefix,
      decision,
      ...(resolvedProgram === null ? {} : { resolvedProgram }),
      ...(justification === null ? {} : { justification }),
    },
  };
}
