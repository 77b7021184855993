export { MAX_SETTINGS_BYTES, optionalHomeFile, readHomeFile } from './home-file.ts';
export { settingNames } from './known-settings.ts';
export { isTable, type Layer, originOf, type Table, valueAt } from './layer.ts';
export { type ManagedSettings, managedSettings } from './managed-layer.ts';
export { convertedServer } from './mcp-json.ts';
export { checkedSettings, readLayers } from './read-layers.ts';
export type { ConfigFile, QuirkSettings } from './schema.ts';
export { shownSetting } from './secret-settings.ts';
export { projectTrust, repositoryRoot, trustedFolder, trustPlace, trustSettings } from './trust.ts';
