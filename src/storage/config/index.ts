export { removeStoredKey, storeKey } from './auth.ts';
export { resolveHome } from './home.ts';
export { secretValues } from './known-secrets.ts';
export {
  convertedServer,
  type ManagedSettings,
  originOf,
  settingNames,
  shownSetting,
  trustPlace,
  valueAt,
} from './layers/index.ts';
export { type LoadedConfig, loadConfig, loadConfigWithOrigins } from './load-config.ts';
export type { ConfigFlags, LoadOptions } from './load-options.ts';
export { programSearch } from './programs.ts';
export { localProviders, OPENAI_KEY_VARIABLES } from './providers.ts';
export { recordSettings, recordTrust, type SettingToRecord } from './record-setting.ts';

export { commandEnvironment, type EnvironmentSettings } from './shell-environment.ts';
export { type KeptSettings, withThreadSettings } from './thread-settings.ts';
export type {
  AgentRoleSettings,
  Budget,
  Config,
  Environment,
  LocalServerKind,
  McpApprovalMode,
  McpHttpServer,
  McpServer,
  McpStdioServer,
  ModelPrice,
  ModelProvider,
  ModelSettings,
  ShellEnvironmentPolicy,
  StoredKey,
  TuiSettings,
} from './types.ts';
