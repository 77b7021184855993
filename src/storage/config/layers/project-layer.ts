import { isTable, type Layer, originOf, type Table, valueAt } from './layer.ts';
import { ConfigFile } from './schema.ts';

/**
 * The value that a project's setting comes to, given what the user's own layers say; undefined: the setting is not the
 * project's to make.
 */
type Rule = (value: unknown, own: unknown) => unknown;

const any: Rule = (value) => value;
const only =
  (allowed: unknown): Rule =>
  (value) =>
    value === allowed ? value : undefined;
/** What the user lists stays, and the project may list more. */
const added: Rule = (value, own) => (Array.isArray(value) ? [...(Array.isArray(own) ? own : []), ...value] : value);
/** A limit may be made tighter. */
const lowered: Rule = (value, own) =>
  typeof value === 'number' && (typeof own !== 'number' || value <= own) ? value : undefined;
const MODES = ['read-only', 'workspace-write', 'danger-full-access'];
/** Without a mode of the user's a trusted project is in `workspace-write`. */
const narrowed: Rule = (value, own = 'workspace-write') =>
  MODES.indexOf(String(value)) <= MODES.indexOf(String(own)) ? value : undefined;
/** Skills can be switched off for a project, but none that the user has switched off comes back. */
const switchedOff: Rule = (value, own) =>
  added(Array.isArray(value) ? value.filter((entry) => isTable(entry) && entry['enabled'] === false) : [], own);
/** A server of the user's can be switched off. */
const ofUser: Rule = (value, own) =>
  isTable(own) && isTable(value) && value['enabled'] === false ? { enabled: false } : undefined;

/**
 * What a project that the user trusts may set: how keel works on it, and tighter limits. Never programs, wider rights,
 * destinations of keys and conversations, or the user's own records. `*` matches one part of a key. What is not listed
 * is not the project's to set.
 */
const RULES: readonly (readonly [key: string, rule: Rule])[] = [
  ...[
    ...['model', 'model_reasoning_effort', 'model_reasoning_summary', 'model_verbosity', 'model_context_window'],
    ...['model_max_output_tokens', 'model_auto_compact_token_limit', 'model_supports_reasoning_summaries'],
    ...[
      'model_reasoning_summary_format',
      'model_prices',
      'models',
      'review_model',
      'compact_prompt',
      'compact_model',
      'fallback_model',
    ],
    ...['compact_elide_outputs', 'verify_before_finish', 'hide_agent_reasoning', 'show_raw_agent_reasoning'],
    ...['project_doc_max_bytes', 'project_doc_fallback_filenames'],
    ...['tools.set', 'tools.check_syntax', 'tools.view_image'],
    ...['include_apply_patch_tool', 'include_view_image_tool', 'experimental_use_freeform_apply_patch'],
    ...['agents.*.description', 'agents.*.model', 'agents.*.model_reasoning_effort', 'agents.*.instructions'],
    'agents.*.sandbox_mode',
  ].map((key) => [key, any] as const),
  // What is searched for leaves the machine.
  ['web_search', only('disabled')],
  ...['tools.web_search', 'tools.web_search_request', 'features.web_search', 'features.web_search_request'].map(
    (key) => [key, only(false)] as const,
  ),
  ['features.*', any],
  ['agents.max_threads', lowered],
  ['agents.max_depth', lowered],
  ['budget.tokens', lowered],
  ['budget.minutes', lowered],
  ['budget.cost', lowered],
  ['budget.turns', lowered],
  ['tools.disallowed', added],
  ['tool_output_spill_max_bytes', lowered],
  ['approval_policy', only('untrusted')],
  ['sandbox_mode', narrowed],
  ['sandbox_workspace_write.network_access', only(false)],
  ['sandbox_workspace_write.exclude_tmpdir_env_var', only(true)],
  ['sandbox_workspace_write.exclude_slash_tmp', only(true)],
  ['sandbox_workspace_write.allow_git_commit', only(false)],
  ['sandbox.hidden_paths', added],
  ['sandbox.allow_unix_sockets', only(false)],
  ['sandbox.max_processes', lowered],
  ['sandbox.max_file_bytes', lowered],
  ['sandbox.network.denied_domains', any],
  ['sandbox.network.mode', only('limited')],
  ['sandbox.network.allow_local_binding', only(false)],
  ['shell_environment_policy.exclude', added],
  ['shell_environment_policy.ignore_default_excludes', only(false)],
  ['shell_environment_policy.experimental_use_profile', only(false)],
  ['history.persistence', only('none')],
  ['skills.config', switchedOff],
  ['mcp_servers.*', ofUser],
];

export interface ProjectLayer {
  readonly layer: Layer;
  /** One for each setting that is ignored, with its place. */
  readonly warnings: readonly string[];
}

/** A project's layer without what is not for it to set; `own`: what the layers below it say together. */
export function projectLayer(layer: Layer, own: Table): ProjectLayer {
  const warnings: string[] = [];
  const ignore = (path: readonly string[]) =>
    warnings.push(`${originOf([layer], path)}: ${path.join('.')} is ignored: a project can't set it so`);
  const table = permitted(layer.table, { own, path: [], ignore });
  return { layer: { ...layer, table }, warnings };
}

interface Permitting {
  readonly own: Table;
  readonly path: readonly string[];
  readonly ignore: (path: readonly string[]) => void;
}

function permitted(table: Table, { own, path, ignore }: Permitting): Table {
  const entries = Object.entries(table).flatMap(([key, value]): [string, unknown][] => {
    const here = [...path, key];
    // A key that nothing reads is reported.
    if (path.length === 0 && !Object.hasOwn(ConfigFile.shape, key)) return [[key, value]];
    const rule = RULES.find(([pattern]) => matches(pattern, here))?.[1];
    if (rule === undefined && isTable(value) && RULES.some(([pattern]) => leadsTo(pattern, here))) {
      const inner = permitted(value, { own, path: here, ignore });
      // A table may mean something by being there: one of which nothing is left is not.
      return Object.keys(inner).length === 0 ? [] : [[key, inner]];
    }
    const taken = rule?.(value, valueAt(own, here));
    if (
      taken === undefined ||
      (isTable(taken) && isTable(value) && Object.keys(taken).length < Object.keys(value).length)
    ) {
      ignore(here);
    }
    return taken === undefined ? [] : [[key, taken]];
  });
  return Object.fromEntries(entries);
}

function matches(pattern: string, path: readonly string[]): boolean {
  const parts = pattern.split('.');
  return parts.length === path.length && parts.every((part, at) => part === '*' || part === path[at]);
}

function leadsTo(pattern: string, path: readonly string[]): boolean {
  const parts = pattern.split('.');
  return parts.length > path.length && path.every((key, at) => parts[at] === '*' || parts[at] === key);
}
