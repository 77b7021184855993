import { KeelError } from '../foundation/protocol/index.ts';
import { nearestName } from '../foundation/util/index.ts';
import type { Config } from '../storage/config/index.ts';

/** Whether the user's lists let a tool be offered. What is disallowed is not offered, whatever else allows it. */
export function isAllowedTool(name: string, { allowed, disallowed }: Config['tools']): boolean {
  return (
    (allowed === null || allowed.some((pattern) => matches(name, pattern))) &&
    !disallowed.some((pattern) => matches(name, pattern))
  );
}

/**
 * Checks that each listed tool exists: a mistyped name would forbid nothing. Tools of servers are known later.
 * @throws KeelError `invalidConfig` with the names there are
 */
export function checkToolLists({ allowed, disallowed }: Config['tools'], known: readonly string[]): void {
  for (const [key, names] of [
    ['tools.allowed', allowed ?? []],
    ['tools.disallowed', disallowed],
  ] as const) {
    const wrong = names.find((name) => !name.startsWith('mcp__') && !known.some((tool) => matches(tool, name)));
    if (wrong === undefined) continue;
    const nearest = nearestName(wrong, known);
    const hint = nearest === null ? '' : ` Did you mean ${nearest}?`;
    throw new KeelError(
      'invalidConfig',
      `${key} names "${wrong}", which is no tool.${hint} There are ${known.join(', ')}; a server's are mcp__SERVER__TOOL.`,
    );
  }
}

/** `*` matches any text. */
function matches(name: string, pattern: string): boolean {
  const [head = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return name === pattern;
  if (!name.startsWith(head)) return false;
  let at = head.length;
  for (const [index, part] of rest.entries()) {
    if (index === rest.length - 1) return name.length - part.length >= at && name.endsWith(part);
    const found = name.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return true;
}
