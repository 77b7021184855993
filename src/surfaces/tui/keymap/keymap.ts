import { ACTION_NAMES, ACTIONS, type Action, isAction } from './actions.ts';
import { parseKeyName, shownKey } from './key-name.ts';

/** Which key does what. */
export type Keymap = ReadonlyMap<string, Action>;

export const DEFAULT_KEYMAP: Keymap = new Map(
  ACTION_NAMES.flatMap((action) => ACTIONS[action].map((key): [string, Action] => [key, action])),
);

export interface ReadKeymap {
  readonly keymap: Keymap;
  /** For people: what in the settings does not count, a sentence each. */
  readonly faults: readonly string[];
}

/**
 * The keys as configured. An action that is named has the given keys and no others; a key that is given to it is taken from
 * whatever had it. An entry with a mistake, and a key that is given twice, leave the keys as they were.
 */
export function keymapOf(settings: Readonly<Record<string, readonly string[]>>): ReadKeymap {
  const faults: string[] = [];
  const chosen = new Map<string, Action>();
  const named = new Set<Action>();
  for (const [name, keys] of Object.entries(settings)) {
    if (!isAction(name)) {
      faults.push(`tui.keymap: there is no action "${name}"; /keymap lists them`);
      continue;
    }
    const parsed = keys.map(parseKeyName);
    const wrong = parsed.flatMap((one) => (one.type === 'fault' ? one.why : []));
    const own = parsed.flatMap((one) => (one.type === 'key' ? one.key : []));
    const taken = own.find((key) => chosen.has(key));
    if (taken !== undefined) wrong.push(`${taken} is given to ${chosen.get(taken)} already`);
    faults.push(...wrong.map((why) => `tui.keymap.${name}: ${why}`));
    if (wrong.length > 0) continue;
    named.add(name);
    for (const key of own) chosen.set(key, name);
  }
  const kept = [...DEFAULT_KEYMAP].filter(([key, action]) => !named.has(action) && !chosen.has(key));
  return {
    keymap: new Map([...kept, ...chosen]),
    faults: [...faults, ...withoutKeys(new Map([...kept, ...chosen]), named)],
  };
}

/** Actions that lost their last key to another one, which nobody asked for. */
function withoutKeys(keymap: Keymap, named: ReadonlySet<Action>): string[] {
  const reachable = new Set(keymap.values());
  return ACTION_NAMES.filter((action) => !reachable.has(action) && !named.has(action)).map(
    (action) => `tui.keymap: no key is left for ${action}`,
  );
}

/** Every action with its keys, by the names that settings have. */
export function keymapText(keymap: Keymap): string {
  const width = Math.max(...ACTION_NAMES.map((name) => name.length));
  const lines = ACTION_NAMES.map((action) => {
    const keys = [...keymap].flatMap(([key, one]) => (one === action ? shownKey(key) : []));
    return `${action.padEnd(width)}  ${keys.length === 0 ? '(none)' : keys.join(', ')}`;
  });
  return [...lines, '', 'Others: editor = "Ctrl-E" under [tui.keymap] in config.toml; [] takes all keys away.'].join(
    '\n',
  );
}
