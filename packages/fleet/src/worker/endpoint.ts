import { createServer, type Http2Server, type ServerHttp2Session } from 'node:http2';
import { endpoint, type LoggerTransport } from '@restatedev/restate-sdk';
import { limitObject } from '../service/limit-object.ts';
import { threadObject } from '../service/thread-object.ts';
import { type TurnRunner, turnWorkflow } from '../service/turn-workflow.ts';

export interface EndpointOptions {
  readonly runner: TurnRunner;
  /** Public keys of the engines that may call; none: anybody who reaches the port may, which is for one machine only. */
  readonly identityKeys: readonly string[];
  readonly log: (line: string) => void;
}

/** The services of the fleet, for the engine to call. */
export function engineEndpoint({ runner, identityKeys, log }: EndpointOptions): Http2Server {
  const services = endpoint().bind(threadObject).bind(limitObject).bind(turnWorkflow(runner));
  if (identityKeys.length > 0) services.withIdentityV1(...identityKeys);
  services.setLogger(logger(log));
  return createServer(services.http2Handler());
}

/** Ends the connections of the engine: what it has here is tried again elsewhere. */
export function endConnections(server: Http2Server): (graceMs: number) => Promise<void> {
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
  });
  return (graceMs) =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const session of sessions) session.close();
      setTimeout(() => {
        for (const session of sessions) session.destroy();
      }, graceMs).unref();
    });
}

/** Failed attempts are the engine's business, and shown by it. Their texts may quote what a turn worked on: only levels above count. */
function logger(log: (line: string) => void): LoggerTransport {
  return ({ level }, message) => {
    if (level === 'error') log(String(message));
  };
}
