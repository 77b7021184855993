/** Meant for the next hop alone, and so never passed on. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Names and values in turn, without what is for one hop, what `Connection` names, and `without` (lower case). */
export function endToEndHeaders(raw: readonly string[], without: readonly string[] = []): string[] {
  const pairs = raw.flatMap((name, at) => (at % 2 === 0 ? [[name, raw[at + 1] ?? ''] as const] : []));
  const named = pairs
    .filter(([name]) => name.toLowerCase() === 'connection')
    .flatMap(([, value]) => value.split(',').map((word) => word.trim().toLowerCase()));
  const dropped = new Set([...HOP_BY_HOP, ...named, ...without]);
  // A length that is taken away would leave the body without an end.
  dropped.delete('content-length');
  return pairs.filter(([name]) => !dropped.has(name.toLowerCase())).flat();
}
