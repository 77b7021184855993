/**
 * Variables that make package managers fail at once, and say why, where there is no network: by default they try again for
 * minutes. Each is a documented setting of the program that it names.
 */
export const offlineEnvironment: Readonly<Record<string, string>> = {
  // npm, and pnpm by both names.
  npm_config_fetch_retries: '0',
  pnpm_config_fetch_retries: '0',
  npm_config_update_notifier: 'false',
  YARN_HTTP_RETRY: '0',
  BUN_CONFIG_HTTP_RETRY_COUNT: '0',
  PIP_RETRIES: '0',
  PIP_DISABLE_PIP_VERSION_CHECK: '1',
  UV_HTTP_RETRIES: '0',
  CONDA_REMOTE_MAX_RETRIES: '0',
  CARGO_NET_RETRY: '0',
  RUSTUP_MAX_RETRIES: '0',
  GOPROXY: 'off',
  GOTOOLCHAIN: 'local',
  BUNDLE_RETRY: '0',
  COMPOSER_DISABLE_NETWORK: '1',
};
