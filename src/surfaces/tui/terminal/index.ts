export type { CursorPosition, Frame, FramePainter, Size } from './frame.ts';
export { type InputEvent, type KeyEvent, keyName, type NamedKey, type TerminalReply } from './input-event.ts';
