import type { SandboxMode } from '../../foundation/protocol/index.ts';
import type { LocalServerKind } from '../../storage/config/index.ts';
import type { OptionSpecs } from './command-spec.ts';

// Not read from the protocol's schemas, which a start of the terminal would have to wait for.
export const SANDBOX_MODES: readonly SandboxMode[] = ['read-only', 'workspace-write', 'danger-full-access'];
export const LOCAL_SERVERS: readonly LocalServerKind[] = ['ollama', 'lmstudio'];

/** The options of every command that opens a session, in the order of help: of the model, */
export const modelOptions = {
  model: { type: 'string', short: 'm', value: 'MODEL', about: 'model to use' },
  effort: { type: 'string', value: 'LEVEL', about: 'how long it thinks, such as low, medium or high' },
  oss: { type: 'boolean', about: 'use a model on this machine; fetch it if it is missing' },
  'local-provider': {
    ...{ type: 'string', value: 'SERVER', choices: LOCAL_SERVERS },
    about: 'the same, from this server: ollama or lmstudio',
  },
  search: { type: 'boolean', about: "let the model search the web, by the provider's own search" },
  image: {
    ...{ type: 'string', short: 'i', multiple: true, value: 'FILE' },
    about: 'image to send before the prompt; repeat it or separate with commas',
  },
  'append-system-prompt': {
    ...{ type: 'string', value: 'TEXT|FILE' },
    about: 'add this text, or that of this file, to the instructions',
  },
} as const satisfies OptionSpecs;

/** of what it is allowed to do, */
export const accessOptions = {
  cd: { type: 'string', short: 'C', value: 'DIR', about: 'working directory' },
  worktree: {
    ...{ type: 'string', value: 'NAME', optional: true },
    about: 'work in a Git work tree beside the repository; it is removed if nothing was changed',
  },
  sandbox: {
    ...{ type: 'string', short: 's', value: 'MODE', choices: SANDBOX_MODES },
    about: 'where commands may write: read-only, workspace-write or danger-full-access',
  },
  'full-auto': { type: 'boolean', about: 'the same as --sandbox workspace-write' },
  'dangerously-bypass-approvals-and-sandbox': {
    ...{ type: 'boolean', also: 'yolo' },
    about: 'no sandbox and no questions',
  },
  yolo: { type: 'boolean' },
  'add-dir': { type: 'string', multiple: true, value: 'DIR', about: 'another writable directory; repeatable' },
  trust: { type: 'boolean', about: 'trust this project for this run: its settings count, and it is writable' },
  'allowed-tools': {
    ...{ type: 'string', multiple: true, value: 'NAMES' },
    about: 'offer the model these tools alone; separate with commas, * matches any text',
  },
  'disallowed-tools': { type: 'string', multiple: true, value: 'NAMES', about: 'do not offer these tools' },
  'max-turns': { type: 'string', value: 'N', about: 'stop after N responses of the model' },
  'max-tokens': { type: 'string', value: 'N', about: 'stop after N tokens, those of subagents included' },
  'max-minutes': { type: 'string', value: 'N', about: 'stop after N minutes' },
  'max-cost': { type: 'string', value: 'N', about: 'stop after N US dollars, those of subagents included' },
} as const satisfies OptionSpecs;

/** of the thread, */
export const threadOptions = {
  name: { type: 'string', value: 'NAME', about: 'name of the new thread, by which it can be resumed' },
  'session-id': { type: 'string', value: 'UUID', about: 'id of the new thread' },
} as const satisfies OptionSpecs;

/** and of settings. */
export const settingOptions = {
  config: {
    ...{ type: 'string', short: 'c', multiple: true, value: 'KEY=VALUE' },
    about: 'override a setting; repeatable',
  },
  'mcp-config': {
    ...{ type: 'string', multiple: true, value: 'FILE' },
    about: 'file with MCP servers, as JSON ("mcpServers") or TOML; repeatable',
  },
  'ignore-user-config': {
    type: 'boolean',
    about: "do not read your config.toml; keys and the machine's settings count",
  },
  profile: { type: 'string', short: 'p', value: 'NAME', about: 'profile of the configuration' },
  enable: { type: 'string', multiple: true, value: 'FEATURE', about: 'switch a feature on; repeatable' },
  disable: { type: 'string', multiple: true, value: 'FEATURE', about: 'switch a feature off; repeatable' },
  'strict-config': { type: 'boolean', about: 'treat an unknown key in the configuration as an error' },
} as const satisfies OptionSpecs;

export const sessionHeadings = {
  model: 'The model',
  cd: 'What it is allowed to do',
  config: 'Settings',
} as const;
