import { isTable, type Table } from './layer.ts';

/** A server in the form of `[mcp_servers.NAME]`, or why it has no such form. */
export type ConvertedServer =
  | { readonly type: 'server'; readonly table: Table }
  | { readonly type: 'refused'; readonly reason: string };

/** `${NAME}`, which other agents replace by the value of a variable. */
const VARIABLE = /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$/;
const BEARER = /^Bearer \$\{([A-Za-z_][A-Za-z0-9_]*)\}$/i;

/**
 * A server as other agents write it in JSON (`command`, `args`, `env`; or `url`, `headers`). Variables in its values become
 * names of variables, so that no secret is copied.
 */
export function convertedServer(entry: unknown): ConvertedServer {
  if (!isTable(entry)) return { type: 'refused', reason: 'it is not an object' };
  const { type, env, headers, ...rest } = entry;
  if (!isText(rest['command']) && !isText(rest['url'])) {
    return { type: 'refused', reason: 'it has neither a command nor an address (url)' };
  }
  if (type === 'sse' || type === 'ws') {
    return { type: 'refused', reason: `its transport is "${type}"; keel starts programs and speaks streamable HTTP` };
  }
  const variables = split(env, (name, value) => VARIABLE.exec(value)?.[1] === name);
  const sent = split(headers, (_, value) => VARIABLE.test(value));
  const bearer = sent.rest.find(([name, value]) => name.toLowerCase() === 'authorization' && BEARER.test(value));
  const plain = sent.rest.filter((header) => header !== bearer);
  const unknown = [...variables.rest, ...plain].find(([, value]) => value.includes('${'));
  if (unknown !== undefined) return { type: 'refused', reason: `"${unknown[0]}" names a variable within its value` };
  const token = BEARER.exec(bearer?.[1] ?? '')?.[1];
  const table = {
    ...rest,
    ...(variables.rest.length === 0 ? {} : { env: Object.fromEntries(variables.rest) }),
    ...(variables.matching.length === 0 ? {} : { env_vars: variables.matching.map(([name]) => name) }),
    ...(plain.length === 0 ? {} : { http_headers: Object.fromEntries(plain) }),
    ...(sent.matching.length === 0
      ? {}
      : {
          env_http_headers: Object.fromEntries(
            sent.matching.map(([name, value]) => [name, VARIABLE.exec(value)?.[1] ?? '']),
          ),
        }),
    ...(token === undefined ? {} : { bearer_token_env_var: token }),
  };
  return { type: 'server', table };
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== '';
}

type Pair = readonly [name: string, value: string];

function split(value: unknown, matches: (name: string, value: string) => boolean) {
  const pairs = Object.entries(isTable(value) ? value : {}).map(([name, text]): Pair => [name, String(text)]);
  return {
    matching: pairs.filter(([name, text]) => matches(name, text)),
    rest: pairs.filter(([name, text]) => !matches(name, text)),
  };
}
