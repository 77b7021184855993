import { resolve } from 'node:path';
import { KeelError } from '../../../foundation/protocol/index.ts';
import { DECISIONS, loadRuleFiles, type RuleMatch } from '../../../tools/approvals/index.ts';
import { readCommandLine, splitAtCommand } from '../command-line.ts';
import type { CommandSpec } from '../command-spec.ts';
import type { Command } from '../commands.ts';
import type { CommandIo } from '../io.ts';
import { data } from '../output.ts';
import { HelpRequested, UsageError } from '../usage.ts';

const spec = {
  usage: ['execpolicy check --rules FILE... [options] COMMAND...'],
  about: [
    'Print, as JSON, what rule files decide about a command: the rules that match, and the strictest of their decisions.',
  ],
  verbs: { check: '' },
  options: {
    rules: { type: 'string', short: 'r', multiple: true, value: 'FILE', about: 'file of rules; repeatable' },
    pretty: { type: 'boolean', about: 'print the JSON indented' },
    'resolve-host-executables': { type: 'boolean', about: 'look programs up as rules for host executables do' },
  },
} as const satisfies CommandSpec;

/** `keel execpolicy check`: tests rule files. */
export const execpolicyCommand: Command = { spec, run: checkRules };

async function checkRules(io: CommandIo, words: readonly string[]): Promise<number> {
  const [verb, ...rest] = words;
  if (verb === undefined) throw new HelpRequested(spec);
  const { own, command } = splitAtCommand(rest, spec.options);
  const { values } = readCommandLine(verb === 'check' ? own : words, spec);
  if (verb !== 'check') throw new UsageError(`there is no "execpolicy ${verb}"`);
  const files = values.rules ?? [];
  if (files.length === 0) throw new UsageError('which rules? give at least one --rules FILE');
  if (command.length === 0) throw new UsageError('which command?');
  const { policy, warnings } = loadRuleFiles(files.map((file) => resolve(io.cwd, file)));
  if (warnings.length > 0) throw new KeelError('invalidConfig', warnings.join('\n'));
  const matches = policy.matches(command, { resolve: values['resolve-host-executables'] ?? false });
  const decision = DECISIONS.findLast((one) => matches.some((match) => match.decision === one));
  const result = { matchedRules: matches.map(matchJson), ...(decision === undefined ? {} : { decision }) };
  data(io, `${JSON.stringify(result, null, values.pretty ? 2 : undefined)}\n`);
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
