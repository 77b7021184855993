import { discoverSkills, inOrder, onOneLine, type Skill, type Skills } from '../../../context/index.ts';
import { loadConfig } from '../../../storage/config/index.ts';
import { readCommandLine, refuseMore } from '../command-line.ts';
import type { CommandSpec } from '../command-spec.ts';
import type { Command } from '../commands.ts';
import type { CommandIo } from '../io.ts';
import { data, note, say } from '../output.ts';
import { stopSignal } from '../stop-signal.ts';
import { table } from '../table.ts';
import { UsageError } from '../usage.ts';

const spec = {
  usage: ['skills [list] [options]'],
  about: [
    "List the skills that a thread started here would have, and what is wrong with those that can't be used. See docs/skills.md.",
  ],
  verbs: { list: '' },
  options: {
    json: { type: 'boolean', about: 'print the skills as JSON' },
    config: { type: 'string', short: 'c', multiple: true, value: 'KEY=VALUE', about: 'override a setting; repeatable' },
  },
} as const satisfies CommandSpec;
const NONE = 'No skills were found. A skill is a folder with a SKILL.md: see docs/skills.md.\n';
const SHOWN_DESCRIPTION_CHARS = 60;

/** `keel skills`: the skills found here, with their places. */
export const skillsCommand: Command = { spec, run: listSkills };

async function listSkills(io: CommandIo, words: readonly string[]): Promise<number> {
  const { values, positionals } = readCommandLine(words, spec);
  const [verb = 'list', ...more] = positionals;
  if (verb !== 'list') throw new UsageError(`there is no "skills ${verb}"`);
  refuseMore(more);
  const config = await loadConfig({ env: io.env, cwd: io.cwd, overrides: values.config ?? [], flags: {} });
  using stop = stopSignal(io);
  const found = await discoverSkills(config, stop.signal);
  if (values.json) {
    data(io, `${JSON.stringify({ cwd: config.cwd, ...described(found) }, null, 2)}\n`);
    return 0;
  }
  say(io, found.skills.length === 0 ? NONE : listText(found.skills));
  for (const { path, reason } of found.faults) note(io, `warning: ${onOneLine(path)}: ${reason}\n`);
  return 0;
}

function described({ skills, faults }: Skills): object {
  return {
    skills: inOrder(skills),
    errors: faults.map(({ path, reason }) => ({ path, message: reason })),
  };
}

function listText(skills: readonly Skill[]): string {
  const rows = inOrder(skills).map(({ name, scope, enabled, shortDescription, description, path }) => [
    onOneLine(name),
    scope,
    enabled ? 'enabled' : 'disabled',
    onOneLine(shortDescription ?? description, SHOWN_DESCRIPTION_CHARS),
    onOneLine(path),
  ]);
  return table(['Name', 'Scope', 'Status', 'Description', 'Path'], rows);
}
