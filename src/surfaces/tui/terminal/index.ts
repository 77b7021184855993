export type { CursorPosition, Frame, FramePainter, Size } from './frame.ts';
export { FrameWriter, type FrameWriterOptions } from './frame-writer.ts';
export { type InputEvent, type KeyEvent, keyName, type NamedKey, type TerminalReply } from './input-event.ts';
export type { Reflow } from './reflow.ts';
