import { join } from 'node:path';
import { convertedServer } from '../../../storage/config/index.ts';
import { mayBeRemembered } from '../../../tools/approvals/index.ts';
import { fileStep, filesIn, objectIn, skillsIn } from './read-source.ts';
import type { ImportStep } from './step.ts';

/** Permissions of Claude Code as decisions of keel's rules. */
const DECISIONS = [
  ['allow', 'allow'],
  ['ask', 'prompt'],
  ['deny', 'forbidden'],
] as const;
/** `Bash(git log:*)`: commands that begin with these words. */
const COMMAND_PREFIX = /^Bash\((.+?):\*\)$/;
/** Words that a shell would not take as they are. */
const SPECIAL = /["'\\$`*?;&|<>(){}[\]]/;

/** What Claude Code keeps for a user. `source`: its folder; the servers are in `.claude.json` beside it. */
export function claudeSteps(source: string): ImportStep[] {
  const settings = objectIn(join(source, 'settings.json'));
  const { permissions, ...others } = settings;
  const { mcpServers } = objectIn(`${source}.json`);
  return [
    ...fileStep(join(source, 'CLAUDE.md'), 'AGENTS.md'),
    ...filesIn(join(source, 'commands'), '.md', 'prompts'),
    ...skillsIn(join(source, 'skills')),
    ...servers(mcpServers),
    ...rules(permissions),
    ...Object.keys(others).map(
      (key): ImportStep => ({ type: 'left', what: `settings.json: ${key}`, why: adviceFor(key) }),
    ),
  ];
}

function servers(value: unknown): ImportStep[] {
  return entries(value).map(([name, entry]): ImportStep => {
    const server = convertedServer(entry);
    if (server.type === 'refused') return { type: 'left', what: `MCP server ${name}`, why: server.reason };
    return { type: 'setting', path: ['mcp_servers', name], table: server.table };
  });
}

/** Rules in one file of their own, and what can't be said by words at the start of a command. */
function rules(permissions: unknown): ImportStep[] {
  const lines: string[] = [];
  const steps: ImportStep[] = [];
  const lists = new Map(entries(permissions));
  for (const [list, decision] of DECISIONS) {
    const given = lists.get(list);
    for (const permission of Array.isArray(given) ? given.map(String) : []) {
      const words = COMMAND_PREFIX.exec(permission)?.[1]?.trim().split(/\s+/) ?? [];
      const isPlain = words.length > 0 && !words.some((word) => SPECIAL.test(word));
      if (isPlain && (list !== 'allow' || mayBeRemembered(words))) {
        lines.push(`prefix_rule(pattern=${JSON.stringify(words)}, decision="${decision}")\n`);
      } else {
        const why = isPlain
          ? 'it would allow whatever follows the name'
          : 'rules are about the first words of commands; see docs/security.md for files and hosts';
        steps.push({ type: 'left', what: `permission to ${list}: ${permission}`, why });
      }
    }
  }
  if (lines.length === 0) return steps;
  const from = 'the permissions of settings.json';
  return [{ type: 'file', from, to: join('rules', 'claude.rules'), text: lines.join('') }, ...steps];
}

function adviceFor(key: string): string {
  if (key === 'model') return 'names differ: set model in config.toml, such as "claude-sonnet-5-5"';
  if (key === 'env') return 'set what commands need in shell_environment_policy.set, and keys in the environment';
  return key === 'hooks' ? 'keel reads them where they are: see `keel hooks`' : 'keel has no such setting';
}

function entries(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}
