type Environment = Readonly<Record<string, string | undefined>>;

/** Whether a terminal can only add lines: nothing is erased, styled or laid out for it. */
export function isDumb(env: Environment): boolean {
  const term = env['TERM'] ?? '';
  return term === 'dumb' || (term === '' && !env['WT_SESSION']);
}

/**
 * Whether output is coloured. FORCE_COLOR decides before NO_COLOR (no-color.org: any value that isn't empty), as in Node:
 * empty, `true` or a depth is yes, anything else no.
 */
export function wantsColour(env: Environment, isTerminal: boolean): boolean {
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined) return ['', '1', '2', '3', 'true'].includes(forced);
  return isTerminal && !env['NO_COLOR'] && !isDumb(env);
}
