import { windowLeft } from '../figures.ts';
import type { State } from '../state.ts';
import type { StatusInput } from '../status-parts.ts';

const LONG_CONTEXT_TOKENS = 200_000;

/** What a status line command is given; null while no thread is open. */
export function statusInput({ thread, setup, usage, vim }: State): StatusInput | null {
  if (thread === null) return null;
  const { settings, rolloutPath, id } = thread;
  const { info, cost } = usage;
  const last = info?.last_token_usage;
  const left = windowLeft(usage);
  return {
    hook_event_name: 'Status',
    session_id: id,
    transcript_path: rolloutPath,
    cwd: settings.cwd,
    model: { id: settings.model, display_name: settings.model },
    workspace: { current_dir: settings.cwd, project_dir: settings.cwd },
    version: setup?.version ?? '',
    output_style: { name: 'default' },
    cost: cost === null ? {} : { total_cost_usd: cost },
    context_window: {
      total_input_tokens: info?.total_token_usage.input_tokens ?? 0,
      total_output_tokens: info?.total_token_usage.output_tokens ?? 0,
      context_window_size: info?.model_context_window ?? null,
      used_percentage: left === null ? null : 100 - left,
      remaining_percentage: left,
      current_usage:
        last === undefined
          ? null
          : {
              input_tokens: last.input_tokens - last.cached_input_tokens,
              output_tokens: last.output_tokens,
              cache_creation_input_tokens: 0,
              cache_read_input_tokens: last.cached_input_tokens,
            },
    },
    exceeds_200k_tokens: (last?.total_tokens ?? 0) > LONG_CONTEXT_TOKENS,
    ...(vim === null ? {} : { vim: { mode: vim.mode === 'normal' ? ('NORMAL' as const) : ('INSERT' as const) } }),
  };
}

/** Whether something that the command is given has changed. */
export function hasNewStatus(before: State, { thread, usage, vim, branch, setup }: State): boolean {
  return (
    thread !== before.thread ||
    usage !== before.usage ||
    vim?.mode !== before.vim?.mode ||
    branch !== before.branch ||
    setup !== before.setup
  );
}
