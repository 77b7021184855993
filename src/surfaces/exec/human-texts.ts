import { styleText } from 'node:util';
import type { FileUpdate, ThreadItemOf } from '../../foundation/protocol/index.ts';
import { headAndTail, type ShownLines } from './shown-output.ts';
import { shownPath } from './shown-path.ts';

/** Lines of one file's diff that are shown. */
const DIFF_LINES: ShownLines = { head: 80, tail: 20 };

export type Style = Parameters<typeof styleText>[0];

/** Gives a text a style, or leaves it plain where colours are off. */
export type Paint = (style: Style, text: string) => string;

export function painter(color: boolean): Paint {
  return (style, text) => (color ? styleText(style, text, { validateStream: false }) : text);
}

/** ` in 250ms`, ` in 1.50s` or ` in 1m 05s`; empty where the time isn't known. */
export function duration(ms: number | null): string {
  if (ms === null) return '';
  // What would be rounded up to the next unit is shown in that.
  if (Math.round(ms) < 1_000) return ` in ${Math.round(ms)}ms`;
  if (Math.round(ms / 10) < 6_000) return ` in ${(ms / 1_000).toFixed(2)}s`;
  const seconds = Math.round(ms / 1_000);
  return ` in ${Math.floor(seconds / 60)}m ${String(seconds % 60).padStart(2, '0')}s`;
}

/** One changed file with its diff. */
export function changeText({ path, kind, diff }: FileUpdate, cwd: string, paint: Paint): string {
  const name = shownPath(path, cwd);
  if (kind.type === 'delete') return `D ${name}\n`;
  if (kind.type === 'add') return `A ${name}\n${diff === '' ? '' : colouredDiff(withPrefix(diff, '+'), paint)}`;
  const head = kind.movePath === null ? `M ${name}` : `R ${name} -> ${shownPath(kind.movePath, cwd)}`;
  return `${head}\n${colouredDiff(diff, paint)}`;
}

/** What the model did with subagents, on one line. */
export function agentsText({ tool, status, prompt, agentsStates }: ThreadItemOf<'collabAgentToolCall'>): string {
  const verb = { spawnAgent: 'spawn', sendInput: 'send', wait: 'wait', closeAgent: 'close' }[tool];
  const states = Object.values(agentsStates).map((state) => state.status);
  const outcome = status === 'completed' ? states.join(', ') : status;
  const task = prompt === null ? '' : `: ${prompt.split('\n')[0]?.slice(0, 120) ?? ''}`;
  return `${verb} (${outcome})${task}`;
}

/** How a command ended, or that it continues as a session. */
export function outcomeText(item: ThreadItemOf<'commandExecution'>): string {
  const { status, exitCode, processId, reason, durationMs } = item;
  if (reason !== undefined) return reason;
  if (status === 'declined') return 'declined';
  const took = duration(durationMs);
  if (status === 'interrupted') return `interrupted${took.replace(' in ', ' after ')}`;
  if (status !== 'completed') return exitCode === null || exitCode === -1 ? 'failed' : `exited ${exitCode}${took}`;
  const isRunning = processId !== null && exitCode === null;
  return isRunning ? `still running${took.replace(' in ', ' after ')}` : `succeeded${took}`;
}

export function planText({ explanation, steps }: ThreadItemOf<'plan'>): string {
  const marks = { completed: '✓', in_progress: '→', pending: '•' } as const;
  const rows = steps.map(({ step, status }) => `  ${marks[status]} ${step}`);
  return [...(explanation ? [explanation] : []), ...rows].join('\n');
}

function colouredDiff(diff: string, paint: Paint): string {
  const coloured = (line: string) => {
    if (line.startsWith('+')) return paint('green', line);
    if (line.startsWith('-')) return paint('red', line);
    return line.startsWith('@@') ? paint('cyan', line) : line;
  };
  const lines = headAndTail(diff, DIFF_LINES).split('\n');
  return lines.map(coloured).join('\n');
}

function withPrefix(text: string, prefix: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => prefix + line)
    .join('\n');
}
