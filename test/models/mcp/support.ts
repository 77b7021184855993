import type { McpServer } from '../../../src/storage/config/index.ts';

/** A server over stdio as configuration gives it, with nothing out of the ordinary. */
export function serverNamed(name: string, more: Partial<McpServer> = {}): McpServer {
  return {
    name,
    enabled: true,
    transport: {
      type: 'stdio',
      command: 'x',
      args: [],
      env: { SECRET: 'sesame-open' },
      envVars: [],
      cwd: '/',
      sandbox: 'session',
      networkAccess: null,
    },
    startupTimeoutMs: 5_000,
    toolTimeoutMs: 5_000,
    enabledTools: null,
    disabledTools: [],
    tellsInstructions: false,
    approval: 'auto',
    toolApprovals: {},
    ...more,
  };
}
