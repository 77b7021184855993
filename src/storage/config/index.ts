export {
  type LoginStore,
  readStoredKey,
  removeProviderKey,
  removeStoredKey,
  storeKey,
  storeTokens,
} from './auth.ts';
export { BUILT_IN_IDS } from './built-in-providers.ts';
export { CredentialFile, type SignIn } from './credential-file.ts';
export type { AuthCommand, SignInSettings, StoredKey, StoredTokens } from './credential-types.ts';
export { resolveHome } from './home.ts';
export { type HookFile, hookFiles } from './hook-files.ts';
export type { Keyring } from './keyring.ts';
export { secretValues } from './known-secrets.ts';
export {
  type AcceptedServer,
  acceptedOf,
  acceptServers,
  changeOfServer,
  convertedServer,
  forgetServer,
  type ManagedSettings,
  originOf,
  type ProjectServer,
  type ProjectTrustFile,
  readHomeFile,
  recordAcceptedOf,
  settingNames,
  shownSetting,
  trustPlace,
  valueAt,
} from './layers/index.ts';
export { type LoadedConfig, loadConfig, loadConfigWithOrigins } from './load-config.ts';
export type { ConfigFlags, LoadOptions } from './load-options.ts';
export { type OtherProvider, otherProviders } from './other-providers.ts';
export { overridesOf } from './overrides-of.ts';
export { programSearch } from './programs.ts';
export { localProviders, OPENAI_KEY_VARIABLES } from './providers.ts';
export { recordSettings, recordTrust, type SettingToRecord } from './record/record-setting.ts';
export { recordTable } from './record/record-table.ts';
export { recordValues, type ValueToRecord } from './record/record-values.ts';
export type { CredentialStore, SecretPlace } from './secret-file.ts';
export type {
  McpApprovalMode,
  McpHttpServer,
  McpOAuthSettings,
  McpServer,
  McpStdioServer,
} from './sections/mcp-types.ts';
export { commandEnvironment, type EnvironmentSettings, programEnvironment } from './sections/shell-environment.ts';
export { defaultLogPath } from './sections/telemetry.ts';
export { type KeptSettings, withThreadSettings } from './thread-settings.ts';
export type {
  AgentRoleSettings,
  Budget,
  Config,
  Environment,
  LocalServerKind,
  LogLevel,
  ModelPrice,
  ModelProvider,
  ModelSettings,
  ShellEnvironmentPolicy,
  TelemetrySettings,
  TuiSettings,
} from './types.ts';
