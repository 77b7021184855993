export type { Action } from './actions.ts';
export { DEFAULT_KEYMAP, type Keymap, keymapOf, keymapText } from './keymap.ts';
