import { maskSecrets, secretsOf } from '../../foundation/secrets/index.ts';
import type { Environment, McpHttpServer, McpStdioServer } from '../../storage/config/index.ts';

/** What any program needs; nothing here is a secret. */
const PASSED_ON = ['HOME', 'LOGNAME', 'PATH', 'SHELL', 'USER', 'LANG', 'LC_ALL', 'TERM', 'TMPDIR', 'TZ'];
const PASSED_ON_MAC = ['__CF_USER_TEXT_ENCODING'];
/** Shorter values are words of any text; masking them would only garble it. */
const MIN_SECRET_CHARS = 6;

/** The environment of a server that keel starts: a few names of its own, those the user lists, and what they set. */
export function serverEnvironment({ env, envVars }: McpStdioServer, base: Environment): Record<string, string> {
  const names = [...PASSED_ON, ...(process.platform === 'darwin' ? PASSED_ON_MAC : []), ...envVars];
  const passed = names.flatMap((name) => {
    const value = base[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(passed), ...env };
}

/** @throws Error that names the variable a server needs and does not find */
export function serverHeaders(server: McpHttpServer, base: Environment): Record<string, string> {
  const headers: Record<string, string> = { ...server.httpHeaders };
  for (const [header, name] of Object.entries(server.envHttpHeaders)) {
    const value = base[name];
    if (value !== undefined && value !== '') headers[header] = value;
  }
  const { bearerTokenEnvVar: name } = server;
  if (name === null) return headers;
  const token = base[name]?.trim();
  if (!token) throw new Error(`the variable ${name}, which bearer_token_env_var names, is not set`);
  return { ...headers, Authorization: `Bearer ${token}` };
}

/** Whether headers say who the user is. */
export function hasCredentials(headers: Readonly<Record<string, string>>): boolean {
  return Object.keys(headers).some((name) => name.toLowerCase() === 'authorization');
}

/** Masks the secrets that a server was given, wherever they are in a text. */
export function secretsMask(server: McpStdioServer | McpHttpServer, base: Environment): (text: string) => string {
  const named = server.type === 'stdio' ? server.envVars : [...Object.values(server.envHttpHeaders)];
  const given = server.type === 'stdio' ? Object.values(server.env) : Object.values(server.httpHeaders);
  const bearer = server.type === 'stdio' || server.bearerTokenEnvVar === null ? [] : [server.bearerTokenEnvVar];
  const values = [...given, ...[...named, ...bearer].map((name) => base[name]?.trim() ?? ''), ...secretsOf(base)];
  const secrets = values.filter(({ length }) => length >= MIN_SECRET_CHARS);
  return (text) => maskSecrets(text, secrets);
}
