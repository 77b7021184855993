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
  return { folder, counts, runs: [...hookLines(trusted), ...serverLines(trusted)], fault: null, mayWrite };
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

function hookLines({ config }: LoadedConfig): string[] {
  const { hooks } = loadHooks(hookFiles(config), config);
  return hooks.flatMap(({ hook: { event, command, project }, standing }) =>
    project === null ? [] : `${event} hook: ${command}${accepted(standing.type)}`,
  );
}

function serverLines({ projectServers }: LoadedConfig): string[] {
  return projectServers.map(({ full, line, standing }) => `MCP server ${full.name}: ${line}${accepted(standing.type)}`);
}

function accepted(standing: string): string {
  return standing === 'accepted' ? ' (accepted before: it runs)' : '';
}
