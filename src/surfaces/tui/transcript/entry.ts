import type { ThreadItem, ThreadItemOf, TurnWork } from '../../../foundation/protocol/index.ts';

/** Output of a command that is kept for the screen, characters. The whole of it is in the thread's record. */
const MAX_KEPT_OUTPUT_CHARS = 64 * 1024;
/** Entries of the past that are kept at least, once they are in the scrollback. */
export const KEPT_ENTRIES = 500;

/** The tool by which the model asks the user. */
export const ASKING = 'request_user_input';

/** An item of the thread. `live`: what a running command has printed so far, or the text of an answer that streams. */
export interface ItemEntry {
  readonly type: 'item';
  readonly item: ThreadItem;
  readonly isDone: boolean;
  readonly live: string;
  /** Monotonic ms at which it started, for its running time; null for what was read from a record. */
  readonly startedAt: number | null;
}

/** Commands that only look at files, shown as one. */
export interface ExploredEntry {
  readonly type: 'explored';
  readonly commands: readonly ThreadItemOf<'commandExecution' | 'toolCall'>[];
  /** Whether another entry follows, so that no command joins any more. */
  readonly isClosed: boolean;
}

/** What keel itself has to say. `detail`: rows below, such as an error's remedy. */
export interface NoticeEntry {
  readonly type: 'notice';
  readonly level: 'info' | 'warning' | 'error' | 'success';
  readonly text: string;
  readonly detail?: readonly string[];
}

/** The start of a thread. */
export interface HeaderEntry {
  readonly type: 'header';
  readonly version: string;
  readonly model: string;
  readonly effort: string | null;
  readonly cwd: string;
}

/** A table of facts, such as of `/status`. */
export interface CardEntry {
  readonly type: 'card';
  readonly title: string;
  readonly facts: readonly (readonly [label: string, value: string])[];
}

/** Text as it is, such as the whole output of a command that was shown folded. */
export interface TextEntry {
  readonly type: 'text';
  readonly title: string;
  readonly text: string;
  readonly form: 'plain' | 'diff';
}

/** The end of a turn that took long enough to be worth a line. */
export interface TurnEndEntry {
  readonly type: 'turnEnd';
  readonly seconds: number;
}

/** What a turn changed, and how that was checked afterwards. */
export interface WorkEntry extends TurnWork {
  readonly type: 'work';
}

export type Entry =
  | ItemEntry
  | ExploredEntry
  | NoticeEntry
  | HeaderEntry
  | CardEntry
  | TextEntry
  | TurnEndEntry
  | WorkEntry;

/** What is shown of a thread, oldest first: `past` never changes again, `open` may. */
export interface Transcript {
  /** Entries before `past` that are kept no more: the scrollback and the thread's record have them. */
  readonly gone: number;
  readonly past: readonly Entry[];
  readonly open: readonly Entry[];
}

export const EMPTY_TRANSCRIPT: Transcript = { gone: 0, past: [], open: [] };

function isDone(entry: Entry): boolean {
  if (entry.type === 'item') return entry.isDone;
  if (entry.type === 'explored') return entry.isClosed && entry.commands.every(({ status }) => status !== 'inProgress');
  return true;
}

/** Lets entries go that are in the scrollback, but for the newest. `committed`: how many are there, those that went before included. */
export function withoutOld(transcript: Transcript, committed: number): Transcript {
  const { gone, past } = transcript;
  const old = Math.min(past.length, committed - gone - KEPT_ENTRIES);
  return old <= 0 ? transcript : { ...transcript, gone: gone + old, past: past.slice(old) };
}

export const INTERRUPTED: NoticeEntry = {
  type: 'notice',
  level: 'error',
  text: 'Interrupted. Say what to do differently.',
};

/** Adds an entry behind all others. */
export function withEntry(transcript: Transcript, entry: Entry): Transcript {
  const closed = closedGroups(transcript);
  return settled({ ...closed, open: [...closed.open, entry] });
}

/** Adds an item, or puts its newer state in place of the one that is shown. */
export function withItem(
  transcript: Transcript,
  item: ThreadItem,
  how: { readonly isDone: boolean; readonly at: number | null },
): Transcript {
  if (isExploring(item)) return withExploring(transcript, item);
  const index = transcript.open.findIndex((entry) => entry.type === 'item' && entry.item.id === item.id);
  const known = transcript.open[index];
  if (known?.type === 'item') {
    const live = how.isDone ? '' : known.live;
    const entry = { ...known, item: bounded(item), isDone: how.isDone, live };
    return settled({ ...transcript, open: transcript.open.with(index, entry) });
  }
  const closed = closedGroups(transcript);
  const entry: ItemEntry = { type: 'item', item: bounded(item), isDone: how.isDone, live: '', startedAt: how.at };
  return settled({ ...closed, open: [...closed.open, entry] });
}

/** Adds live text to an item that is not done; its newest part is kept. */
export function withDelta(transcript: Transcript, id: string, delta: string): Transcript {
  const index = transcript.open.findIndex((entry) => entry.type === 'item' && entry.item.id === id);
  const entry = transcript.open[index];
  if (entry?.type !== 'item') return transcript;
  const text = entry.live + delta;
  const live = entry.item.type === 'commandExecution' ? text.slice(-MAX_KEPT_OUTPUT_CHARS) : text;
  return { ...transcript, open: transcript.open.with(index, { ...entry, live }) };
}

/** Nothing joins a group of commands any more: a turn has ended, or another entry follows. */
export function closedGroups(transcript: Transcript): Transcript {
  const last = transcript.open.at(-1);
  if (last?.type !== 'explored' || last.isClosed) return transcript;
  return settled({ ...transcript, open: transcript.open.with(-1, { ...last, isClosed: true }) });
}

/** Everything that still runs is over: its turn was stopped. */
export function abandoned(transcript: Transcript): Transcript {
  const open = transcript.open.map((entry): Entry => {
    if (entry.type === 'item') return { ...entry, item: withLive(entry), isDone: true, live: '' };
    if (entry.type !== 'explored') return entry;
    const commands = entry.commands.map((item) =>
      item.status === 'inProgress' ? { ...item, status: 'interrupted' as const } : item,
    );
    return { ...entry, commands, isClosed: true };
  });
  return settled({ ...transcript, open });
}

/** An item that nobody completes has what was seen of it. */
function withLive({ item, live }: ItemEntry): ThreadItem {
  if (item.type === 'agentMessage') return { ...item, text: item.text === '' ? live : item.text, interrupted: true };
  if (item.type !== 'commandExecution' || item.status !== 'inProgress') return item;
  return { ...item, status: 'interrupted', aggregatedOutput: item.aggregatedOutput ?? live };
}

function withExploring(transcript: Transcript, item: ExploredEntry['commands'][number]): Transcript {
  const index = transcript.open.findIndex(
    (entry) => entry.type === 'explored' && entry.commands.some(({ id }) => id === item.id),
  );
  const known = transcript.open[index];
  if (known?.type === 'explored') {
    const commands = known.commands.map((command) => (command.id === item.id ? item : command));
    return settled({ ...transcript, open: transcript.open.with(index, { ...known, commands }) });
  }
  const last = transcript.open.at(-1);
  if (last?.type === 'explored' && !last.isClosed) {
    return { ...transcript, open: transcript.open.with(-1, { ...last, commands: [...last.commands, item] }) };
  }
  const entry: ExploredEntry = { type: 'explored', commands: [item], isClosed: false };
  return { ...transcript, open: [...transcript.open, entry] };
}

/** Whether a command only reads, lists and searches, as far as its words say. */
function isExploring(item: ThreadItem): item is ExploredEntry['commands'][number] {
  if (item.type === 'toolCall') return item.tool !== ASKING;
  if (item.type !== 'commandExecution' || item.source !== 'agent') return false;
  const { commandActions: actions, status } = item;
  const isRefused = status === 'declined';
  return !isRefused && actions.length > 0 && actions.every(({ type }) => type !== 'unknown');
}

/** What is done and has nothing unfinished before it moves to the past, in order. */
function settled({ gone, past, open }: Transcript): Transcript {
  const first = open.findIndex((entry) => !isDone(entry));
  const count = first === -1 ? open.length : first;
  return count === 0
    ? { gone, past, open }
    : { gone, past: [...past, ...open.slice(0, count)], open: open.slice(count) };
}

function bounded(item: ThreadItem): ThreadItem {
  if (item.type !== 'commandExecution' || (item.aggregatedOutput?.length ?? 0) <= MAX_KEPT_OUTPUT_CHARS) return item;
  const output = item.aggregatedOutput ?? '';
  const half = MAX_KEPT_OUTPUT_CHARS / 2;
  const left = output.length - 2 * half;
  const shown = `${output.slice(0, half)}\n… ${left} characters are left out here …\n${output.slice(-half)}`;
  return { ...item, aggregatedOutput: shown };
}
