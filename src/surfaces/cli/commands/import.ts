import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { KeelError } from '../../../foundation/protocol/index.ts';
import { userHome } from '../../../foundation/util/index.ts';
import { resolveHome } from '../../../storage/config/index.ts';
import { readCommandLine, refuseMore } from '../command-line.ts';
import type { CommandSpec } from '../command-spec.ts';
import type { Command } from '../commands.ts';
import { applySteps } from '../import/apply-steps.ts';
import { claudeSteps } from '../import/claude.ts';
import { codexSteps } from '../import/codex.ts';
import type { CommandIo } from '../io.ts';
import { say } from '../output.ts';
import { UsageError } from '../usage.ts';

const spec = {
  usage: ['import codex|claude [options]'],
  about: [
    "Bring another agent's settings over: instructions, MCP servers, rules, prompts and skills. What is in keel's home already stays as it is, and what has no counterpart is named. No key is taken.",
  ],
  verbs: {
    codex: 'from ~/.codex, or $CODEX_HOME: config.toml, AGENTS.md, prompts, rules, skills',
    claude: 'from ~/.claude: CLAUDE.md, commands, skills, MCP servers, permissions',
  },
  options: {
    from: { type: 'string', value: 'DIR', about: "the other agent's folder, if it is elsewhere" },
    'dry-run': { type: 'boolean', about: 'only show what would be done' },
  },
} as const satisfies CommandSpec;

export const importCommand: Command = { spec, run: importSettings };

async function importSettings(io: CommandIo, words: readonly string[]): Promise<number> {
  const { values, positionals } = readCommandLine(words, spec);
  const [agent, ...more] = positionals;
  refuseMore(more);
  if (agent !== 'codex' && agent !== 'claude') throw new UsageError('from which agent? keel import codex|claude');
  const isDry = values['dry-run'] ?? false;
  const source = values.from === undefined ? usualPlace(io, agent) : resolve(io.cwd, values.from);
  if (!existsSync(source))
    throw new KeelError('invalidInput', `there is no ${source}; name the folder with --from DIR`);
  const steps = agent === 'codex' ? codexSteps(source) : claudeSteps(source);
  const lines = await applySteps(steps, { home: resolveHome(io.env), isDry });
  for (const { state, text } of lines) say(io, `${state.padEnd(9)}  ${text}\n`);
  if (lines.length === 0) say(io, `Nothing to bring over from ${source}.\n`);
  else
    say(
      io,
      isDry
        ? 'Nothing was changed.\n'
        : '`keel config` shows the settings in force, and warns about those that do nothing.\n',
    );
  return 0;
}

function usualPlace({ env }: CommandIo, agent: 'codex' | 'claude'): string {
  const named = agent === 'codex' ? env['CODEX_HOME'] : env['CLAUDE_CONFIG_DIR'];
  const home = userHome(env);
  if (named) return named;
  if (home === null) throw new UsageError('name the folder with --from DIR');
  return join(home, `.${agent}`);
}
