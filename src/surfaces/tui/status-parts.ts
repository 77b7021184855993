import type { TuiSettings } from '../../storage/config/index.ts';

/** What keel itself can write in the last row. */
const PARTS = [
  ...([
    'mode',
    'sandbox',
    'model',
    'context',
    'cost',
    'directory',
    'branch',
    'thread',
    'tokens',
    'version',
    'help',
  ] as const),
] as const;
export type StatusPart = (typeof PARTS)[number];

/** The last row: these parts in this order, or the first line that a command of the user's prints. */
export type StatusLine =
  | { readonly type: 'parts'; readonly parts: readonly StatusPart[] }
  | { readonly type: 'command'; readonly command: string };

export const USUAL_PARTS: readonly StatusPart[] = PARTS.filter((part) => part !== 'tokens' && part !== 'version');

/** The last row as configured; an unknown part is left out. `faults`: for people, a sentence each. */
export function statusLineOf(setting: TuiSettings['statusLine']): {
  readonly statusLine: StatusLine;
  readonly faults: readonly string[];
} {
  if (setting === null) return { statusLine: { type: 'parts', parts: USUAL_PARTS }, faults: [] };
  if (setting.type === 'command') return { statusLine: setting, faults: [] };
  const parts = setting.parts.flatMap((name) => PARTS.find((part) => part === name) ?? []);
  const unknown = setting.parts.filter((name) => !PARTS.some((part) => part === name));
  const faults = unknown.map((name) => `tui.status_line: there is no part "${name}": there are ${PARTS.join(', ')}`);
  return { statusLine: { type: 'parts', parts }, faults };
}

/** What the command gets on its standard input, in the form that status line scripts of Claude Code read. Unknown figures are absent. */
export interface StatusInput {
  readonly hook_event_name: 'Status';
  readonly session_id: string;
  readonly transcript_path: string | null;
  readonly cwd: string;
  readonly model: { readonly id: string; readonly display_name: string };
  readonly workspace: { readonly current_dir: string; readonly project_dir: string };
  readonly version: string;
  readonly output_style: { readonly name: string };
  readonly cost: { readonly total_cost_usd?: number };
  readonly context_window: {
    readonly total_input_tokens: number;
    readonly total_output_tokens: number;
    readonly context_window_size: number | null;
    readonly used_percentage: number | null;
    readonly remaining_percentage: number | null;
    readonly current_usage: {
      readonly input_tokens: number;
      readonly output_tokens: number;
      readonly cache_creation_input_tokens: number;
      readonly cache_read_input_tokens: number;
    } | null;
  };
  readonly exceeds_200k_tokens: boolean;
  readonly vim?: { readonly mode: 'NORMAL' | 'INSERT' };
}
