const MODIFIERS = ['ctrl', 'alt', 'shift', 'super'] as const;
const NAMED: ReadonlySet<string> = new Set([
  ...[
    'enter',
    'tab',
    'backspace',
    'delete',
    'insert',
    'up',
    'down',
    'left',
    'right',
    'home',
    'end',
    'pageup',
    'pagedown',
  ],
  ...['space', ...Array.from({ length: 12 }, (_, at) => `f${at + 1}`)],
]);
/** They have one meaning everywhere: to stop, to go back. */
const FIXED: ReadonlySet<string> = new Set(['escape', 'ctrl+c']);

export type KeyNameResult =
  | { readonly type: 'key'; readonly key: string }
  | { readonly type: 'fault'; readonly why: string };

/** A key as people write it, `Ctrl-G` or `alt+shift+up`, by the name that keys have inside. */
export function parseKeyName(written: string): KeyNameResult {
  const parts = written
    .trim()
    .toLowerCase()
    .split(/[-+](?=.)/);
  const key = parts.pop() ?? '';
  const unknown = parts.find((part) => !MODIFIERS.some((name) => name === part));
  if (unknown !== undefined) return fault(`"${written}" is not a key: "${unknown}" is none of ${MODIFIERS.join(', ')}`);
  const isCharacter = [...key].length === 1;
  if (!isCharacter && !NAMED.has(key) && key !== 'escape')
    return fault(`"${written}" is not a key: there is no "${key}"`);
  const modifiers = MODIFIERS.filter((name) => parts.includes(name));
  if (isCharacter && modifiers.every((name) => name === 'shift')) return fault(`"${written}" types a character`);
  const name = [...modifiers, key].join('+');
  return FIXED.has(name) ? fault(`"${written}" always stops or goes back`) : { type: 'key', key: name };
}

function fault(why: string): KeyNameResult {
  return { type: 'fault', why };
}

/** The name of a key for people: `Ctrl-G`. */
export function shownKey(name: string): string {
  return name
    .split(/\+(?=.)/)
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('-');
}
