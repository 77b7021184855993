import { existsSync, readFileSync } from 'node:fs';
import { type Session, Threads } from '../../../src/engine/threads/index.ts';
import type { SessionEvent, SessionEventOf } from '../../../src/foundation/protocol/index.ts';
import { loadConfig } from '../../../src/storage/config/index.ts';
import { type Script, startModelServer } from '../../../src/testing/index.ts';
import { says } from '../../support/session.ts';
import type { TempDir } from '../../support/temp-dir.ts';

export interface RunOptions {
  readonly home: TempDir;
  readonly repo: TempDir;
  readonly script: Script;
  readonly overrides: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly prompts?: readonly string[];
  readonly onQuestion?: (event: SessionEventOf<'approval.requested'>, session: Session) => void;
}

/** Runs turns in a program that opens threads, and closes it, as every surface does. */
export async function runThreads(options: RunOptions): Promise<readonly SessionEvent[]> {
  const { home, repo, script, overrides, env = {}, prompts = ['go'], onQuestion } = options;
  await using server = await startModelServer(script);
  const own = { PATH: process.env['PATH'], HOME: home.path, KEEL_HOME: home.path };
  const config = await loadConfig({
    env: { ...own, OPENAI_BASE_URL: server.url, OPENAI_API_KEY: 'sk-of-the-provider', ...env },
    cwd: repo.path,
    overrides: ['sandbox_mode="danger-full-access"', ...overrides],
    flags: {},
    systemDir: home.path,
  });
  await using threads = new Threads({ source: 'exec', originator: 'keel_test', canAsk: true, ownsProcess: false });
  const session = await threads.open({ config, origin: { type: 'new' } });
  const events: SessionEvent[] = [];
  for (const prompt of prompts) {
    const following = session.events();
    const id = session.submit(says(prompt));
    for await (const event of following) {
      events.push(event);
      if (event.type === 'approval.requested') onQuestion?.(event, session);
      if (event.type === 'turn.completed' && event.turnId === id) break;
    }
  }
  return events;
}

/** The lines of a log file, none if it is not there. */
export function linesOf(path: string): Record<string, unknown>[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line));
}
