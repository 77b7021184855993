import type { CommandAction, ThreadItemOf } from '../../../foundation/protocol/index.ts';
import { type Role, type Row, row, span, wrapSoft } from '../../text/index.ts';
import type { ExploredEntry, ItemEntry } from './entry.ts';
import { linesOf, oneLine, outputRows, prefixed, textRows } from './lines.ts';
import { ASKED, type CallState, isAsked, type Shape } from './shape.ts';

/** Rows of output that are shown of a command of the agent's, and of one that the user ran. */
const AGENT_ROWS = 5;
const USER_ROWS = 50;
/** Lines of a command that are shown; the pager has all of them. */
const COMMAND_LINES = 8;

type CommandItem = ThreadItemOf<'commandExecution'>;

/** A command with what it printed; `isFull` shows all of it. */
export function commandRows(
  { item, isDone, live }: ItemEntry & { item: CommandItem },
  state: CallState,
  { width, isFull }: Shape,
): Row[] {
  const { verb, role } = outcome(item, state);
  const [first = '', ...others] = linesOf(strippedCommand(item.command));
  // Commands copy whole: the terminal itself wraps them.
  const start = wrapSoft([span('• ', { role }), span(verb, { bold: true }), span(` ${first}`)], width);
  const lines = [...start, ...others.flatMap((line) => wrapSoft([span(line)], width))];
  const most = isFull ? lines.length : COMMAND_LINES;
  const cut = lines.length > most ? [row(`  … ${lines.length - most} more lines`, { role: 'muted' })] : [];
  const output = isDone ? (item.aggregatedOutput ?? '') : live;
  return [...lines.slice(0, most), ...cut, ...shownOutput(output, item, { width, isFull, isDone })];
}

function outcome(
  { status, source, exitCode, processId }: CommandItem,
  state: CallState,
): { readonly verb: string; readonly role: Role } {
  const isUsers = source === 'userShell';
  if (state === 'asked') return { verb: ASKED, role: 'warning' };
  if (state === 'running' || status === 'inProgress') return { verb: isUsers ? 'You run' : 'Running', role: 'accent' };
  if (status === 'completed' && exitCode === null && processId !== null) return { verb: 'Started', role: 'accent' };
  if (status === 'completed') return { verb: isUsers ? 'You ran' : 'Ran', role: 'success' };
  if (status === 'declined') return { verb: 'Not allowed:', role: 'danger' };
  if (status === 'interrupted') return { verb: 'Interrupted:', role: 'danger' };
  return { verb: isUsers ? 'You ran' : 'Ran', role: 'danger' };
}

interface OutputShape {
  readonly width: number;
  readonly isFull: boolean;
  readonly isDone: boolean;
}

function shownOutput(output: string, item: CommandItem, { width, isFull, isDone }: OutputShape): Row[] {
  const text = output.replace(/\s+$/, '');
  const hasRun = item.status !== 'declined';
  const isFailed = isDone && hasRun && item.exitCode !== null && item.exitCode !== 0;
  const code = isFailed ? [[span(`    ${item.reason ?? `exit code ${item.exitCode}`}`, { role: 'danger' })]] : [];
  const isRunning = item.exitCode === null && item.processId !== null;
  const nothing: Row = [
    span('  └ ', { role: 'muted' }),
    span(`(no output${isRunning ? ' yet' : ''})`, { role: 'muted' }),
  ];
  if (text === '') return isDone && hasRun && !isFailed ? [nothing] : code;
  const rows = outputRows(text, width - 4);
  const most = item.source === 'userShell' ? USER_ROWS : AGENT_ROWS;
  const shown = isFull ? rows : isDone ? withoutMiddle(rows, most) : rows.slice(-most);
  return [...prefixed(shown, span('  └ ', { role: 'muted' }), span('    ')), ...code];
}

/** At most this many rows: what is in the middle is counted. */
export function withoutMiddle(rows: readonly Row[], most: number): Row[] {
  if (rows.length <= most) return [...rows];
  const head = Math.ceil((most - 1) / 2);
  const tail = most - 1 - head;
  const left = rows.length - head - tail;
  return [...rows.slice(0, head), row(`… +${left} lines`, { role: 'muted' }), ...rows.slice(rows.length - tail)];
}

/** Commands that only looked at files, as one. */
export function exploredRows({ commands }: ExploredEntry, shape: Shape): Row[] {
  const { width } = shape;
  const isRunning = commands.some(({ status }) => status === 'inProgress');
  const isAsking = commands.some(({ id, status }) => status === 'inProgress' && isAsked(id, shape));
  const isFailed = commands.some(({ status }) => status === 'failed' || status === 'interrupted');
  const head: Row = [
    span('• ', { role: isAsking ? 'warning' : isRunning ? 'accent' : isFailed ? 'danger' : 'success' }),
    span(isAsking ? ASKED : isRunning ? 'Exploring' : 'Explored', { bold: true }),
  ];
  const lines = explorations(commands).flatMap(({ verb, what }) => {
    const rows = textRows(`${verb} ${what}`, width - 4);
    return rows.map((row, index): Row => {
      const [first, ...rest] = row;
      if (index > 0 || first === undefined) return row;
      return [span(verb, { role: 'accent' }), span(first.text.slice(verb.length)), ...rest];
    });
  });
  return [head, ...prefixed(lines, span('  └ ', { role: 'muted' }), span('    '))];
}

interface Exploration {
  readonly verb: 'Read' | 'List' | 'Search' | 'Failed';
  readonly what: string;
}

/** Reads that follow each other are one line, each name once. */
function explorations(commands: ExploredEntry['commands']): Exploration[] {
  const found: Exploration[] = [];
  let names: string[] = [];
  const endReads = () => {
    if (names.length > 0) found.push({ verb: 'Read', what: [...new Set(names)].join(', ') });
    names = [];
  };
  for (const action of commands.flatMap(actionsOf)) {
    if (action.verb === 'Read') names.push(action.what);
    else {
      endReads();
      found.push(action);
    }
  }
  endReads();
  return found;
}

function actionsOf(item: ExploredEntry['commands'][number]): Exploration[] {
  if (item.type === 'toolCall') return [toolAction(item)];
  return item.commandActions.map((action) => commandAction(action));
}

function commandAction(action: CommandAction): Exploration {
  switch (action.type) {
    case 'read':
      return { verb: 'Read', what: oneLine(action.name) };
    case 'listFiles':
      return { verb: 'List', what: oneLine(action.path ?? action.command) };
    case 'search':
      return {
        verb: 'Search',
        what: oneLine(`${action.query ?? action.command}${action.path === null ? '' : ` in ${action.path}`}`),
      };
    case 'unknown':
      return { verb: 'List', what: oneLine(action.command) };
  }
}

/** A built-in tool that only reads. Its arguments are the model's JSON. */
function toolAction({ tool, arguments: text, reason }: ThreadItemOf<'toolCall'>): Exploration {
  if (reason !== undefined) return { verb: 'Failed', what: oneLine(`${tool}: ${reason}`) };
  const what = [...text.matchAll(/"(?:pattern|query|path|file_path|dir_path)"\s*:\s*"((?:[^"\\]|\\.)*)"/g)].map(
    ([, value = '']) => value,
  );
  const shown = oneLine(what.join(' in ') || text).slice(0, 200);
  if (tool === 'read_file') return { verb: 'Read', what: shown.split('/').at(-1) ?? shown };
  return { verb: tool === 'list_dir' ? 'List' : 'Search', what: shown };
}

/** Without the shell that runs it: people know it as they would type it. */
export function strippedCommand(command: string): string {
  const match = /^(?:\/\S*\/)?(?:bash|sh|zsh) -l?c (['"]?)([\s\S]*)\1$/.exec(command);
  return match?.[2] ?? command;
}
