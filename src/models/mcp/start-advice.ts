import { basename } from 'node:path';
import type { McpServer } from '../../storage/config/index.ts';

/** Programs that fetch what they run, unless it is there already. */
const FETCHERS = /^(?:npx|npm|pnpm|pnpx|yarn|bunx|bun|deno|uvx|uv|pipx|docker|podman|go|cargo)$/;

/**
 * What may cure a server that does not answer, or has ended at once: servers are written to be started without a sandbox, and most
 * wait in silence for a network that they don't have. Empty where nothing is known.
 * @param hasNetwork whether its process has the whole network
 */
export function startAdvice({ name, transport }: McpServer, hasNetwork: boolean, hasTimedOut: boolean): string {
  if (transport.type !== 'stdio') return '';
  const program = basename(transport.command).replace(/\.(?:cmd|exe)$/i, '');
  const isFetcher = FETCHERS.test(program);
  if (hasNetwork || !(isFetcher || hasTimedOut)) return '';
  const why = isFetcher ? `${program} can't fetch a package there` : 'it may wait for one';
  return `It has no network in the sandbox, and ${why}: in [mcp_servers.${name}] set network_access = true, or sandbox = "danger-full-access" to run it unconfined.`;
}

/** What a server is worth without the user's sign-in, and how that is done. `scope`: what it asks for beyond a sign-in. */
export function signInAdvice({ name }: McpServer, scope: string | null): string {
  const remedy = `run \`keel mcp login ${name}\``;
  if (scope !== null) return `it wants you to sign in for more (${scope}): ${remedy}`;
  return `it wants you to sign in: ${remedy}, or set bearer_token_env_var if it takes a token of your own`;
}

/** A reason, and what may cure it. */
export function withAdvice(reason: string, advice: string): string {
  return advice === '' ? reason : `${reason}. ${advice}`;
}
