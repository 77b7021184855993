import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { realPath } from '../../../foundation/util/index.ts';
import { type CommandOutcome, type Processes, runCommand } from '../../process/index.ts';
import { SandboxManager } from '../manager.ts';
import { ATTEMPTS } from './attempts.ts';

export interface CheckRow {
  readonly name: string;
  /** `open`: it got out, and the backend is known not to stop that. */
  readonly state: 'stopped' | 'open' | 'broken';
  readonly detail: string;
}

/** What the sandbox of this machine blocked of attempts to break out of it. `backend` null: none works here. */
export interface CheckReport {
  readonly backend: string | null;
  readonly reason: string;
  readonly rows: readonly CheckRow[];
}

const LIMIT_MS = 10_000;
const POLICY = {
  mode: 'workspace-write',
  network_access: false,
  exclude_slash_tmp: true,
  exclude_tmpdir_env_var: true,
} as const;
const NO_HOSTS = { allowed: [], denied: [], mode: 'full', allowLocalBinding: false } as const;

interface Place {
  readonly workspace: string;
  readonly outside: string;
  readonly home: string;
}

export interface CheckOptions {
  readonly processes: Processes;
  /** keel's home, in which a directory for the attempts is made. */
  readonly home: string;
  /** The configured bubblewrap; null: where it usually is. */
  readonly bwrapPath: string | null;
}

/** Really tries: in a directory of its own, with commands sandboxed as the agent's are in workspace-write mode. */
export async function checkSandbox({ processes, home, bwrapPath }: CheckOptions): Promise<CheckReport> {
  const parent = join(home, 'tmp');
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  const dir = realPath(mkdtempSync(join(parent, 'check-')));
  const place = { workspace: join(dir, 'work'), outside: join(dir, 'outside'), home: join(dir, 'home') };
  const setup = {
    ...{ home: place.home, env: {}, hidden: [], processes, bwrapPath },
    ...{ allowGitCommit: false, allowUnixSockets: false, maxProcesses: null, maxFileBytes: null },
  };
  const managers = { plain: new SandboxManager(setup), listed: new SandboxManager({ ...setup, network: NO_HOSTS }) };
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  try {
    furnish(place);
    await once(server, 'listening');
    return await tryAll(managers, { place, processes, port: portOf(server) });
  } finally {
    server.close();
    managers.plain.close();
    managers.listed.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function furnish({ workspace, outside, home }: Place): void {
  const repositories = [workspace, join(workspace, 'vendor', 'dep')].map((each) => join(each, '.git'));
  const ownDirectories = [join(home, 'cache', 'code'), join(workspace, 'free'), join(workspace, 'root')];
  for (const path of [...repositories.map((git) => join(git, 'hooks')), outside, ...ownDirectories])
    mkdirSync(path, { recursive: true });
  for (const git of repositories) writeFileSync(join(git, 'config'), '');
  writeFileSync(join(outside, 'precious'), 'as it was');
  for (const name of ['auth.json', 'config.toml']) writeFileSync(join(home, name), 'sk-');
}

interface Managers {
  readonly plain: SandboxManager;
  readonly listed: SandboxManager;
}

interface CheckDeps {
  readonly place: Place;
  readonly processes: Processes;
  /** Port of a server on this machine. */
  readonly port: number;
}

async function tryAll({ plain, listed }: Managers, deps: CheckDeps): Promise<CheckReport> {
  const { workspace, outside } = deps.place;
  const { signal } = new AbortController();
  const facts = await plain.facts(signal);
  if (facts.type === 'unavailable') return { backend: null, reason: facts.reason, rows: [] };
  await listed.ready(signal);
  const rows: CheckRow[] = [];
  for (const { name, script, before, isKnownGapOf, isListed = false } of ATTEMPTS) {
    const manager = isListed ? listed : plain;
    if (before !== undefined) await run(before, manager, deps);
    const { end, output } = await run(script, manager, deps);
    const isStopped = end.type === 'exited' && end.exitCode !== 0 && isUntouched(outside);
    rows.push({
      name,
      state: isStopped ? 'stopped' : isKnownGapOf === facts.type ? 'open' : 'broken',
      detail: output.trim().split('\n')[0]?.slice(0, 100) ?? '',
    });
  }
  // What was planted is looked for when the session ends.
  plain.close();
  const judged = rows.map((row, at): CheckRow => {
    const planted = ATTEMPTS[at]?.planted;
    return planted === undefined ? row : { ...row, state: existsSync(join(workspace, planted)) ? 'broken' : 'stopped' };
  });
  return { backend: facts.type, reason: '', rows: judged };
}

async function run(
  script: string,
  manager: SandboxManager,
  { place, processes, port }: CheckDeps,
): Promise<CommandOutcome> {
  const { workspace: cwd, outside, home } = place;
  const own = { OUT: outside, HOST: String(process.pid), PORT: String(port), KEEL_CHECK_HOME: home };
  const env = { PATH: process.env['PATH'] ?? '', ...own };
  const policy = { ...POLICY, writable_roots: ['later', 'root'].map((name) => join(cwd, name)) };
  const planned = manager.plan({ spec: { argv: ['bash', '-c', script], cwd, env }, policy, cwd });
  if (planned.type === 'unavailable') throw new Error(planned.reason);
  const release = manager.track(planned.plan);
  const { signal } = new AbortController();
  const options = { processes, timeoutMs: LIMIT_MS, signal, spill: null, onText: () => undefined };
  return runCommand(planned.plan.spawn, options).finally(release);
}

function isUntouched(outside: string): boolean {
  return !existsSync(join(outside, 'made')) && readFileSync(join(outside, 'precious'), 'utf8') === 'as it was';
}
