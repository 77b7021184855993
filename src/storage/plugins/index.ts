export {
  changeInstalled,
  InstalledPlugin,
  installedPlugins,
  PLUGIN_FOLDER,
  type PluginContents,
  pluginFolder,
  pluginsFolder,
} from './installed.ts';
export { type LoadedPlugin, type LoadedPlugins, loadPlugins, serverName } from './load-plugins.ts';
export {
  fileDigest,
  filesDigest,
  folderFiles,
  isPassedOver,
  MAX_PLUGIN_BYTES,
  PluginFault,
  type PluginFile,
  PluginLimits,
} from './plugin-files.ts';
export { type PluginState, pluginFault, pluginState } from './plugin-state.ts';
