/** What keys do, with the keys that do it unless `tui.keymap` says otherwise. Esc and Ctrl-C are not among them: they stay. */
export const ACTIONS = {
  send: ['enter'],
  queue: ['tab'],
  next_mode: ['shift+tab'],
  edit_queued: ['alt+up'],
  queue_earlier: ['alt+shift+up', 'alt+pageup'],
  queue_later: ['alt+shift+down', 'alt+pagedown'],
  transcript: ['ctrl+t'],
  whole_output: ['ctrl+o'],
  source: ['alt+r'],
  search_history: ['ctrl+r'],
  editor: ['ctrl+g'],
  paste_image: ['ctrl+v', 'alt+v'],
  suspend: ['ctrl+z'],
  newline: ['shift+enter', 'alt+enter', 'ctrl+enter', 'ctrl+j'],
  left: ['left', 'ctrl+b'],
  right: ['right', 'ctrl+f'],
  word_left: ['alt+left', 'ctrl+left', 'alt+b'],
  word_right: ['alt+right', 'ctrl+right', 'alt+f'],
  up: ['up', 'ctrl+p'],
  down: ['down', 'ctrl+n'],
  line_start: ['home', 'ctrl+a'],
  line_end: ['end', 'ctrl+e'],
  text_start: ['ctrl+home'],
  text_end: ['ctrl+end'],
  delete_back: ['backspace', 'shift+backspace', 'ctrl+h'],
  delete_forward: ['delete'],
  delete_forward_or_quit: ['ctrl+d'],
  delete_word_back: ['alt+backspace', 'ctrl+backspace', 'ctrl+w', 'ctrl+alt+h'],
  delete_word_forward: ['alt+delete', 'ctrl+delete', 'alt+d'],
  kill_to_start: ['ctrl+u'],
  kill_to_end: ['ctrl+k'],
  yank: ['ctrl+y'],
  yank_earlier: ['alt+y'],
  undo: ['ctrl+-', 'ctrl+_', 'ctrl+7', 'ctrl+shift+_'],
  redo: ['alt+_', 'alt+-', 'ctrl+shift+z'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type Action = keyof typeof ACTIONS;

export const ACTION_NAMES: readonly Action[] = Object.keys(ACTIONS).filter(isAction);

export function isAction(name: string): name is Action {
  return Object.hasOwn(ACTIONS, name);
}
