import { styleText } from 'node:util';
import type { FileUpdate, SandboxPolicy, ThreadItemOf } from '../../foundation/protocol/index.ts';

/** Lines of a command's output that are shown; the whole of it is in the events and, where long, in a file. */
const SHOWN_OUTPUT_LINES = 20;

export type Style = Parameters<typeof styleText>[0];

/** Gives a text a style, or leaves it plain where colours are off. */
export type Paint = (style: Style, text: string) => string;

export function painter(color: boolean): Paint {
  return (style, text) => (color ? styleText(style, text, { validateStream: false }) : text);
}

/** ` in 250ms`, ` in 1.50s` or ` in 1m 05s`; empty where the time isn't known. */
export function duration(ms: number | null): string {
  if (ms === null) return '';
  if (ms < 1_000) return ` in ${Math.round(ms)}ms`;
  if (ms < 60_000) return ` in ${(ms / 1_000).toFixed(2)}s`;
  const seconds = Math.round(ms / 1_000);
  return ` in ${Math.floor(seconds / 60)}m ${String(seconds % 60).padStart(2, '0')}s`;
}

export function firstLines(text: string): string {
  if (text === '') return '';
  const lines = text.trimEnd().split('\n');
  const shown = lines.slice(0, SHOWN_OUTPUT_LINES).join('\n');
  const more = lines.length - SHOWN_OUTPUT_LINES;
  return more > 0 ? `${shown}\n… ${more} more lines\n` : `${shown}\n`;
}

export function sandboxText(policy: SandboxPolicy): string {
  if (policy.mode !== 'workspace-write') return policy.mode;
  const places = ['workdir'];
  if (!policy.exclude_slash_tmp) places.push('/tmp');
  if (!policy.exclude_tmpdir_env_var) places.push('$TMPDIR');
  places.push(...(policy.writable_roots ?? []));
  return `workspace-write [${places.join(', ')}]${policy.network_access ? ' (network access enabled)' : ''}`;
}

/** One changed file with its diff. */
export function changeText({ path, kind, diff }: FileUpdate, paint: Paint): string {
  if (kind.type === 'add') return `A ${path}\n${colouredDiff(withPrefix(diff, '+'), paint)}`;
  if (kind.type === 'delete') return `D ${path}`;
  const head = kind.movePath === null ? `M ${path}` : `R ${path} -> ${kind.movePath}`;
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

/** How a command ended. */
export function outcomeText({ status, exitCode }: ThreadItemOf<'commandExecution'>): string {
  if (status === 'completed') return 'succeeded';
  return status === 'declined' || status === 'interrupted' ? status : `exited ${exitCode ?? '?'}`;
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
  return diff.trimEnd().split('\n').map(coloured).join('\n');
}

function withPrefix(text: string, prefix: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => prefix + line)
    .join('\n');
}
