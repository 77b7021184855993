export { readStoredKey, removeStoredKey, type StoredKey, storeKey } from './auth.ts';
export { commandRoots } from './command-roots.ts';
export { resolveHome, userHome } from './home.ts';
export { secretValues } from './known-secrets.ts';
export { originOf, valueAt } from './layer.ts';
export {
  type ConfigFlags,
  type LoadedConfig,
  type LoadOptions,
  loadConfig,
  loadConfigWithOrigins,
} from './load-config.ts';
export { recordTrust } from './record-trust.ts';
export { shownSetting } from './secret-settings.ts';
export { commandEnvironment, type EnvironmentSettings } from './shell-environment.ts';
export { trustPlace } from './trust.ts';
export type {
  AgentRoleSettings,
  Budget,
  Config,
  Environment,
  KnownSecrets,
  LocalServerKind,
  McpApprovalMode,
  McpHttpServer,
  McpServer,
  McpStdioServer,
  ModelPrice,
  ModelProvider,
  ShellEnvironmentPolicy,
  TuiSettings,
} from './types.ts';
