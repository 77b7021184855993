import { uuidV7 } from '../../foundation/util/index.ts';
import { loadWire } from '../../models/client/index.ts';
import type { Config } from '../../storage/config/index.ts';
import { NO_REQUEST, NullRecorder } from '../../storage/rollout/index.ts';
import type { ServerReport } from './reports/report.ts';
import { serverReports } from './reports/session-report.ts';
import { openServices } from './services.ts';

/** Starts every configured MCP server as a session would, and ends it again. A server that does not start says why. */
export async function checkServers(config: Config, version: string): Promise<readonly ServerReport[]> {
  const services = openServices({
    config,
    wire: await loadWire(config.provider.wireApi),
    threadId: uuidV7(Date.now()),
    recorder: new NullRecorder(),
    lastRequest: NO_REQUEST,
    digests: 'cyrb53',
    lease: null,
    source: 'exec',
    originator: 'keel_doctor',
    version,
    canAsk: false,
    now: Date.now,
    orphans: () => 'end',
  });
  try {
    await services.mcp?.startAll();
    return serverReports(services);
  } finally {
    await services.close();
  }
}
