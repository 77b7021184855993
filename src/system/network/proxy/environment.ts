/** This machine, which programs in a sandbox reach themselves: their own servers. */
const OWN = 'localhost,127.0.0.1,::1';

/** Variables that make programs use a proxy on this port of 127.0.0.1. */
export function proxyEnvironment(port: number): Readonly<Record<string, string>> {
  const http = `http://127.0.0.1:${port}`;
  // Not SOCKS for the rest: some libraries fail at the sight of it where they lack an extension.
  const both = {
    ...{ HTTP_PROXY: http, HTTPS_PROXY: http, ALL_PROXY: http },
    ...{ WS_PROXY: http, WSS_PROXY: http, FTP_PROXY: http, NO_PROXY: OWN },
  };
  const lower = Object.fromEntries(Object.entries(both).map(([name, value]) => [name.toLowerCase(), value]));
  return {
    ...both,
    ...lower,
    npm_config_proxy: http,
    npm_config_https_proxy: http,
    npm_config_noproxy: OWN,
    YARN_HTTP_PROXY: http,
    YARN_HTTPS_PROXY: http,
    PIP_PROXY: http,
    CARGO_HTTP_PROXY: http,
    BUNDLE_HTTP_PROXY: http,
    BUNDLE_HTTPS_PROXY: http,
    DOCKER_HTTP_PROXY: http,
    DOCKER_HTTPS_PROXY: http,
    ELECTRON_GET_USE_PROXY: '1',
    // Node's own fetch and http follow the variables only if asked to.
    NODE_USE_ENV_PROXY: '1',
  };
}
