import { KeelError } from '../../../../foundation/protocol/index.ts';
import {
  type AcceptedServer,
  acceptServers,
  loadConfigWithOrigins,
  type ProjectServer,
} from '../../../../storage/config/index.ts';
import { say } from '../../output.ts';
import { UsageError } from '../../usage.ts';
import type { McpPlace } from './show.ts';

type Waiting = Extract<ProjectServer['standing'], { type: 'waits' }> & { readonly full: AcceptedServer };

/**
 * `keel mcp trust`: accepts servers of the project as they are; without a name it shows those that wait, with the files that they name.
 * @throws KeelError for a project that the user does not trust, or a server that does not wait
 */
export async function trustServers({ io, values }: McpPlace, names: readonly string[]): Promise<number> {
  if (values.all && names.length > 0) throw new UsageError('name servers, or use --all');
  const overrides = values.config ?? [];
  const { config, projectServers } = await loadConfigWithOrigins({ env: io.env, cwd: io.cwd, overrides, flags: {} });
  const { trustedFolder: folder, home } = config;
  if (folder === null) {
    const advice = 'answer the question that `keel` asks here, or set its trust_level in config.toml';
    throw new KeelError('invalidInput', `you do not trust this project, so its servers can't be accepted: ${advice}`);
  }
  const waiting = projectServers.flatMap(({ full, standing }) =>
    standing.type === 'waits' ? [{ ...standing, full }] : [],
  );
  const unknown = names.find((name) => !waiting.some(({ full }) => full.name === name));
  if (unknown !== undefined) {
    const reasons = config.warnings.filter((warning) => warning.includes(`mcp_servers.${unknown} is ignored`));
    const what = `no MCP server ${unknown} of this project waits to be accepted`;
    throw new KeelError('invalidInput', [what, ...reasons].join('\n'));
  }
  if (waiting.length === 0) {
    say(io, 'No MCP server of this project waits to be accepted.\n');
    return 0;
  }
  const isShownOnly = !values.all && names.length === 0;
  const chosen = waiting.filter(({ full }) => isShownOnly || values.all || names.includes(full.name));
  say(io, (await Promise.all(chosen.map(waitingText))).join('\n'));
  if (isShownOnly) {
    say(io, '\nAccept them with `keel mcp trust NAME...` or `keel mcp trust --all`.\n');
    return 1;
  }
  await acceptServers(
    home,
    folder,
    chosen.map(({ full }) => full),
  );
  say(io, chosen.length === 1 ? 'Accepted.\n' : `Accepted: ${chosen.length} servers.\n`);
  return 0;
}

/** All of a server, or what differs from what was accepted before. */
async function waitingText({ full, before }: Waiting): Promise<string> {
  if (before === null) return `${full.name} (new)\n${indented(full.text)}`;
  const { structuredPatch } = await import('diff');
  const { hunks } = structuredPatch('', '', `${before.text}\n`, `${full.text}\n`);
  const lines = hunks.flatMap((hunk) => hunk.lines);
  return `${full.name} (changed)\n${indented(lines.length === 0 ? 'a value that is masked' : lines.join('\n'))}`;
}

function indented(text: string): string {
  return `${text.replaceAll(/^/gm, '  ')}\n`;
}
