import type { SessionServices } from '../services.ts';
import type { SessionState } from '../state.ts';
import { contextReport } from './context-report.ts';
import type { ServerReport, SessionReport } from './report.ts';

/** Starts and asks nothing: it is what is known by now. */
export function sessionReport(
  what: SessionReport['type'],
  state: SessionState,
  services: SessionServices,
): SessionReport {
  switch (what) {
    case 'context':
      return contextReport(state, services);
    case 'mcpServers':
      return { type: what, servers: serverReports(services) };
    case 'commands':
      return { type: what, commands: services.execSessions.running() };
  }
}

/** Each configured server as it is now. */
export function serverReports({ config, mcp }: Pick<SessionServices, 'config' | 'mcp'>): ServerReport[] {
  const known = mcp?.servers() ?? [];
  return config.mcpServers.map(
    ({ name }) => known.find((server) => server.name === name) ?? { name, status: { type: 'off' }, tools: [] },
  );
}
