import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { KeelError } from '../../../foundation/protocol/index.ts';
import { type Config, hookFiles, type LoadedConfig } from '../../../storage/config/index.ts';
import { loadHooks } from '../../../tools/hooks/index.ts';
import type { TrustQuestion } from '../message.ts';

/** What a project can have, beside files of hooks, that counts once it is trusted. */
const PROJECT_PLACES = [
  '.keel/config.toml',
  '.keel/rules',
  '.keel/prompts',
  '.keel/skills',
  '.agents/skills',
  '.claude/skills',
  'AGENTS.override.md',
  'AGENTS.md',
  'CLAUDE.md',
] as const;

/**
 * What the user is asked to trust: what of a folder would count, and what in it would have keel run something.
 * @param loadTrusted reads the configuration as a yes would make it
 */
export async function trustQuestion(
  folder: string,
  config: Config,
  loadTrusted: () => Promise<LoadedConfig>,
): Promise<TrustQuestion> {
  const hooks = hookFiles(config).flatMap(({ path, scope }) => (scope === 'project' ? relative(folder, path) : []));
  const counts = [...PROJECT_PLACES.filter((path) => existsSync(join(folder, path))), ...hooks];
  const trusted = await withTrust(loadTrusted);
  if (typeof trusted === 'string') return { folder, counts, runs: [], fault: trusted, mayWrite: false };
  const mayWrite = config.sandboxPolicy.mode === 'read-only' && trusted.config.sandboxPolicy.mode !== 'read-only';
  const commands = [...hookCommands(trusted), ...serverCommands(trusted)];
  // There may not be room for all of them: what runs unasked has to be seen.
  const runs = [...commands.filter(({ isAccepted }) => isAccepted), ...commands.filter((one) => !one.isAccepted)];
  return { folder, counts, runs: runs.map(lineOf), fault: null, mayWrite };
}

/** The configuration as a yes would make it, or why it can't be read. */
async function withTrust(load: () => Promise<LoadedConfig>): Promise<LoadedConfig | string> {
  try {
    return await load();
  } catch (error) {
    if (error instanceof KeelError) return error.message;
    throw error;
  }
}

interface ProjectCommand {
  readonly source: string;
  readonly command: string;
  readonly isAccepted: boolean;
}

function hookCommands({ config }: LoadedConfig): ProjectCommand[] {
  const { hooks } = loadHooks(hookFiles(config), config);
  return hooks.flatMap(({ hook: { event, command, project }, standing }) =>
    project === null ? [] : { source: `${event} hook`, command, isAccepted: standing.type === 'accepted' },
  );
}

function serverCommands({ projectServers }: LoadedConfig): ProjectCommand[] {
  return projectServers.map(({ full, line, standing }) => ({
    source: `MCP server ${full.name}`,
    command: line,
    isAccepted: standing.type === 'accepted',
  }));
}

/** The mark comes before the command, whose end may be cut. */
function lineOf({ source, command, isAccepted }: ProjectCommand): string {
  return `${source}${isAccepted ? ' (accepted before: it runs)' : ''}: ${command}`;
}
