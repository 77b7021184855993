import * as z from 'zod/mini';
import {
  ApprovalPolicy,
  ReasoningEffort,
  ReasoningSummary,
  SandboxMode,
  Verbosity,
} from '../../../foundation/protocol/index.ts';

const strings = z.array(z.string());
const stringMap = z.record(z.string(), z.string());
const seconds = z.number().check(z.gte(0));
const wholeNumber = z.int().check(z.gte(0));

const features = z.record(z.string(), z.boolean());

/** Legacy switches that are outside `[features]`. */
const toggles = {
  include_apply_patch_tool: z.optional(z.boolean()),
  include_view_image_tool: z.optional(z.boolean()),
  experimental_use_unified_exec_tool: z.optional(z.boolean()),
  experimental_use_exec_command_tool: z.optional(z.boolean()),
  experimental_use_rmcp_client: z.optional(z.boolean()),
  experimental_use_freeform_apply_patch: z.optional(z.boolean()),
  experimental_sandbox_command_assessment: z.optional(z.boolean()),
};

/** What both the top level and a profile may set. */
const profileKeys = {
  model: z.optional(z.string()),
  model_provider: z.optional(z.string()),
  approval_policy: z.optional(ApprovalPolicy),
  sandbox_mode: z.optional(SandboxMode),
  model_reasoning_effort: z.optional(ReasoningEffort),
  model_reasoning_summary: z.optional(ReasoningSummary),
  model_verbosity: z.optional(Verbosity),
  chatgpt_base_url: z.optional(z.string()),
  experimental_instructions_file: z.optional(z.string()),
  model_instructions_file: z.optional(z.string()),
  features: z.optional(features),
  ...toggles,
};

const sentOrOmitted = z.enum(['sent', 'omitted']);

/** How a server wants its requests otherwise than the published API says. */
const quirks = z.object({
  stream_options: z.optional(sentOrOmitted),
  parallel_tool_calls: z.optional(sentOrOmitted),
  tool_choice_none: z.optional(sentOrOmitted),
  reasoning_effort: z.optional(sentOrOmitted),
  output_schema: z.optional(sentOrOmitted),
  roles: z.optional(z.enum(['free', 'alternating'])),
  system_role: z.optional(z.enum(['system', 'developer', 'user'])),
  reasoning_field: z.optional(z.enum(['received', 'required', 'omitted'])),
  extra_fields: z.optional(z.enum(['received', 'omitted'])),
  call_signature: z.optional(z.enum(['received', 'required'])),
  call_ids: z.optional(z.enum(['free', 'nine'])),
  pictures: z.optional(sentOrOmitted),
});
export type QuirkSettings = z.infer<typeof quirks>;

const provider = z.object({
  name: z.optional(z.string()),
  base_url: z.optional(z.string()),
  env_key: z.optional(z.string()),
  env_key_instructions: z.optional(z.string()),
  experimental_bearer_token: z.optional(z.string()),
  key_header: z.optional(z.enum(['bearer', 'x-api-key', 'api-key'])),
  auth_command: z.optional(strings.check(z.minLength(1))),
  auth_command_timeout_ms: z.optional(wholeNumber),
  auth_command_lifetime_ms: z.optional(wholeNumber),
  wire_api: z.optional(z.enum(['responses', 'chat', 'anthropic'])),
  query_params: z.optional(stringMap),
  http_headers: z.optional(stringMap),
  env_http_headers: z.optional(stringMap),
  request_max_retries: z.optional(wholeNumber),
  stream_max_retries: z.optional(wholeNumber),
  stream_idle_timeout_ms: z.optional(wholeNumber),
  requires_openai_auth: z.optional(z.boolean()),
  ca_file: z.optional(z.string()),
  client_cert: z.optional(z.string()),
  client_key: z.optional(z.string()),
  connect_timeout_ms: z.optional(wholeNumber),
  supports_websockets: z.optional(z.boolean()),
  quirks: z.optional(quirks),
});

const mcpApproval = z.enum(['auto', 'prompt', 'approve']);

const mcpServer = z.object({
  command: z.optional(z.string()),
  args: z.optional(strings),
  env: z.optional(stringMap),
  env_vars: z.optional(strings),
  cwd: z.optional(z.string()),
  url: z.optional(z.string()),
  bearer_token_env_var: z.optional(z.string()),
  http_headers: z.optional(stringMap),
  env_http_headers: z.optional(stringMap),
  scopes: z.optional(strings),
  oauth: z.optional(
    z.object({
      client_id: z.optional(z.string()),
      client_secret_env_var: z.optional(z.string()),
      callback_port: z.optional(z.int().check(z.minimum(1), z.maximum(65_535))),
    }),
  ),
  enabled: z.optional(z.boolean()),
  startup_timeout_sec: z.optional(seconds),
  startup_timeout_ms: z.optional(wholeNumber),
  tool_timeout_sec: z.optional(seconds),
  enabled_tools: z.optional(strings),
  disabled_tools: z.optional(strings),
  sandbox: z.optional(z.union([z.literal('session'), SandboxMode])),
  network_access: z.optional(z.boolean()),
  instructions: z.optional(z.boolean()),
  default_tools_approval_mode: z.optional(mcpApproval),
  tools: z.optional(z.record(z.string(), z.object({ approval_mode: z.optional(mcpApproval) }))),
});

/** Where telemetry goes. */
const collector = {
  endpoint: z.optional(z.string()),
  headers: z.optional(stringMap),
  env_headers: z.optional(stringMap),
};

/** `exporter` as a table is the form that files for the Codex CLI have. */
const otel = z.object({
  exporter: z.optional(
    z.union([
      z.enum(['none', 'otlp-http']),
      z.object({
        'otlp-http': z.optional(z.object({ ...collector, protocol: z.optional(z.string()) })),
        'otlp-grpc': z.optional(z.looseObject({})),
      }),
    ]),
  ),
  ...collector,
  environment: z.optional(z.string()),
  log_user_prompt: z.optional(z.boolean()),
  log_tool_output: z.optional(z.boolean()),
});

/** US dollars for a million tokens. */
const modelPrice = z.object({
  input: z.number().check(z.gte(0)),
  cached_input: z.optional(z.number().check(z.gte(0))),
  output: z.number().check(z.gte(0)),
  cache_write: z.optional(z.number().check(z.gte(0))),
});

/** What the catalogue does not know of a model, or knows wrong. */
const modelSettings = z.object({
  context_window: z.optional(z.int().check(z.gte(1))),
  max_output_tokens: z.optional(z.int().check(z.gte(1))),
  reasoning: z.optional(z.boolean()),
  efforts: z.optional(strings),
  tools: z.optional(z.boolean()),
});

const agentRole = z.object({
  description: z.optional(z.string()),
  model: z.optional(z.string()),
  model_reasoning_effort: z.optional(ReasoningEffort),
  instructions: z.optional(z.string()),
  instructions_file: z.optional(z.string()),
  model_instructions_file: z.optional(z.string()),
  sandbox_mode: z.optional(SandboxMode),
});

/** Every key that configuration knows. What keel does not use yet is checked all the same. */
export const ConfigFile = z.object({
  ...profileKeys,
  chatgpt_issuer: z.optional(z.string()),
  chatgpt_client_id: z.optional(z.string()),
  profile: z.optional(z.string()),
  profiles: z.optional(
    z.record(
      z.string(),
      z.object({
        ...profileKeys,
        tools_web_search: z.optional(z.boolean()),
        tools_view_image: z.optional(z.boolean()),
      }),
    ),
  ),
  review_model: z.optional(z.string()),
  /** Two limits; every other key is a role. */
  agents: z.optional(
    z.catchall(
      z.object({
        max_threads: z.optional(z.int().check(z.gte(1), z.lte(64))),
        max_depth: z.optional(z.int().check(z.gte(0), z.lte(8))),
      }),
      agentRole,
    ),
  ),
  skills: z.optional(
    z.object({
      config: z.optional(z.array(z.object({ path: z.string(), enabled: z.optional(z.boolean()) }))),
    }),
  ),
  compact_prompt: z.optional(z.string()),
  compact_model: z.optional(z.string()),
  fallback_model: z.optional(z.string()),
  model_prices: z.optional(z.record(z.string(), modelPrice)),
  models: z.optional(z.record(z.string(), modelSettings)),
  compact_elide_outputs: z.optional(z.boolean()),
  verify_before_finish: z.optional(z.enum(['off', 'exec', 'always'])),
  wait_for_quota: z.optional(z.boolean()),
  command_grace_ms: z.optional(z.int().check(z.gte(0), z.lte(60_000))),
  budget: z.optional(
    z.object({
      tokens: z.optional(z.int().check(z.gte(1))),
      minutes: z.optional(z.number().check(z.gt(0))),
      cost: z.optional(z.number().check(z.gt(0))),
      turns: z.optional(z.int().check(z.gte(1))),
    }),
  ),
  model_providers: z.optional(z.record(z.string(), provider)),
  openai_base_url: z.optional(z.string()),
  oss_provider: z.optional(z.enum(['ollama', 'lmstudio'])),
  model_context_window: z.optional(wholeNumber),
  model_max_output_tokens: z.optional(wholeNumber),
  model_auto_compact_token_limit: z.optional(wholeNumber),
  model_supports_reasoning_summaries: z.optional(z.boolean()),
  model_reasoning_summary_format: z.optional(z.enum(['none', 'experimental'])),
  instructions: z.optional(z.string()),
  developer_instructions: z.optional(z.string()),
  sandbox_workspace_write: z.optional(
    z.object({
      writable_roots: z.optional(strings),
      network_access: z.optional(z.boolean()),
      exclude_tmpdir_env_var: z.optional(z.boolean()),
      exclude_slash_tmp: z.optional(z.boolean()),
      allow_git_commit: z.optional(z.boolean()),
    }),
  ),
  sandbox: z.optional(
    z.object({
      bubblewrap: z.optional(z.string()),
      hidden_paths: z.optional(strings),
      allow_unix_sockets: z.optional(z.boolean()),
      max_processes: z.optional(z.int().check(z.gte(1))),
      max_file_bytes: z.optional(wholeNumber),
      network: z.optional(
        z.object({
          enabled: z.optional(z.boolean()),
          mode: z.optional(z.enum(['full', 'limited'])),
          allowed_domains: z.optional(strings),
          denied_domains: z.optional(strings),
          allow_local_binding: z.optional(z.boolean()),
        }),
      ),
    }),
  ),
  shell_environment_policy: z.optional(
    z.object({
      inherit: z.optional(z.enum(['all', 'core', 'none'])),
      ignore_default_excludes: z.optional(z.boolean()),
      exclude: z.optional(strings),
      set: z.optional(stringMap),
      include_only: z.optional(strings),
      experimental_use_profile: z.optional(z.boolean()),
    }),
  ),
  mcp_servers: z.optional(z.record(z.string(), mcpServer)),
  acp: z.optional(z.object({ client_fs: z.optional(z.boolean()) })),
  mcp_startup_wait_sec: z.optional(seconds),
  mcp_tool_search_bytes: z.optional(wholeNumber),
  mcp_oauth_credentials_store: z.optional(z.enum(['auto', 'file', 'keyring'])),
  hide_agent_reasoning: z.optional(z.boolean()),
  show_raw_agent_reasoning: z.optional(z.boolean()),
  file_opener: z.optional(z.string()),
  tui: z.optional(
    z.looseObject({
      notifications: z.optional(z.union([z.boolean(), z.array(z.enum(['agent-turn-complete', 'approval-requested']))])),
      notification_method: z.optional(z.union([z.enum(['auto', 'osc9', 'bel']), z.object({ command: z.string() })])),
      animations: z.optional(z.boolean()),
      screen_reader: z.optional(z.boolean()),
      theme: z.optional(z.enum(['auto', 'dark', 'light', 'colour-blind', 'dark-colour-blind', 'light-colour-blind'])),
      vim: z.optional(z.boolean()),
      keymap: z.optional(z.record(z.string(), z.union([z.string(), strings]))),
      status_line: z.optional(z.union([strings, z.object({ command: z.string() })])),
    }),
  ),
  disable_paste_burst: z.optional(z.boolean()),
  notify: z.optional(strings),
  hooks: z.optional(
    z.object({
      enabled: z.optional(z.boolean()),
      files: z.optional(z.array(z.enum(['keel', 'claude', 'codex']))),
      sandbox: z.optional(z.enum(['session', 'danger-full-access'])),
    }),
  ),
  history: z.optional(
    z.object({ persistence: z.optional(z.enum(['save-all', 'none'])), max_bytes: z.optional(wholeNumber) }),
  ),
  project_doc_max_bytes: z.optional(wholeNumber),
  project_doc_fallback_filenames: z.optional(strings),
  tool_output_spill_max_bytes: z.optional(wholeNumber),
  otel: z.optional(otel),
  log_file: z.optional(z.string()),
  log_level: z.optional(z.enum(['off', 'error', 'warn', 'info', 'debug'])),
  notice: z.optional(z.looseObject({})),
  projects: z.optional(z.record(z.string(), z.object({ trust_level: z.optional(z.enum(['trusted', 'untrusted'])) }))),
  forced_login_method: z.optional(z.enum(['chatgpt', 'api'])),
  forced_chatgpt_workspace_id: z.optional(z.string()),
  cli_auth_credentials_store: z.optional(z.enum(['file', 'keyring', 'auto'])),
  tools: z.optional(
    z.object({
      set: z.optional(z.enum(['session', 'shell', 'lean', 'reader'])),
      allowed: z.optional(strings),
      disallowed: z.optional(strings),
      check_syntax: z.optional(z.boolean()),
      web_fetch: z.optional(z.boolean()),
      web_search: z.optional(z.boolean()),
      web_search_request: z.optional(z.boolean()),
      view_image: z.optional(z.boolean()),
    }),
  ),
  web_search: z.optional(z.enum(['disabled', 'cached', 'live'])),
  check_for_update_on_startup: z.optional(z.boolean()),
  windows_wsl_setup_acknowledged: z.optional(z.boolean()),
});
export type ConfigFile = z.infer<typeof ConfigFile>;
