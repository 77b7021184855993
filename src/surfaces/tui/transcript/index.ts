export { diffOf } from './change-rows.ts';
export { strippedCommand } from './command-rows.ts';
export {
  abandoned,
  closedGroups,
  EMPTY_TRANSCRIPT,
  type Entry,
  INTERRUPTED,
  KEPT_ENTRIES,
  type NoticeEntry,
  type Transcript,
  withDelta,
  withEntry,
  withItem,
  withoutOld,
} from './entry.ts';
export { cutRow, cutTo, entryRows } from './entry-rows.ts';

export { isMessageStart } from './item-rows.ts';
export { exactRows, oneLine, prefixed, textRows } from './lines.ts';
export { entriesBefore, entriesOfTurns } from './recorded.ts';
