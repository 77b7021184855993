import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Processes, runCommand } from '../process/index.ts';
import { SandboxManager } from './manager.ts';
import { realPath } from './real-path.ts';

export interface CheckRow {
  readonly name: string;
  readonly isHeld: boolean;
  readonly detail: string;
}

/** What the sandbox of this machine held against attempts to break out of it. `backend` null: none works here. */
export interface CheckReport {
  readonly backend: string | null;
  readonly reason: string;
  readonly rows: readonly CheckRow[];
}

interface Attempt {
  readonly name: string;
  /** A script with `$OUT`, a directory it may not write, and `$HOST`, keel's process. Exit code 0 means that it got out. */
  readonly script: string;
  /** Tried where hosts are listed, none in fact: nothing but the proxy can be reached. */
  readonly isListed?: boolean;
}

const ATTEMPTS: readonly Attempt[] = [
  { name: 'write outside the workspace', script: 'echo x > "$OUT/made"' },
  { name: 'write through a symlink', script: 'ln -s "$OUT" way && echo x > way/made' },
  { name: 'link an outside file into the workspace', script: 'ln "$OUT/precious" mine && echo x > mine' },
  { name: 'change the times of an outside file', script: 'touch -d 2001-01-01 "$OUT/precious"' },
  { name: 'write .git/config', script: 'echo x >> .git/config' },
  { name: 'put a hook into .git', script: 'echo x > .git/hooks/pre-commit' },
  { name: 'replace .git', script: 'mv .git old && mkdir .git' },
  { name: "read keel's credentials", script: 'grep -q sk- "$KEEL_CHECK_HOME/auth.json"' },
  { name: "see keel's process", script: 'kill -0 "$HOST" || [ -r "/proc/$HOST/environ" ]' },
  { name: 'remount the file system', script: 'mount -o remount,rw / || umount -l "$PWD/.git"' },
  { name: 'make a user namespace', script: 'unshare -Ur true' },
  {
    name: 'reach a server on this machine',
    script: '(exec 3<>/dev/tcp/127.0.0.1/22) 2> /dev/null || (exec 3<>/dev/udp/127.0.0.1/53)',
  },
  { name: 'look up a name', script: 'getent hosts example.com' },
  {
    name: 'past a list of hosts: reach a server on this machine',
    script: '(exec 3<>/dev/tcp/127.0.0.1/22) 2> /dev/null || (exec 3<>/dev/udp/127.0.0.1/53; echo >&3; read -t 1 -u 3)',
    isListed: true,
  },
  {
    name: 'past a list of hosts: reach one that is not listed',
    script: String.raw`exec 3<>/dev/tcp/127.0.0.1/3128 || exit
printf 'CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n' >&3
head -1 <&3 | grep ' 200 '`,
    isListed: true,
  },
];

const NO_HOSTS = { allowed: [], denied: [], mode: 'full', allowLocalBinding: false } as const;

/** Really tries: in a directory of its own, with commands held as the agent's are in workspace-write mode. */
export async function checkSandbox(processes: Processes): Promise<CheckReport> {
  const dir = realPath(mkdtempSync(join(tmpdir(), 'keel-check-')));
  const [workspace, outside, home] = ['work', 'outside', 'home'].map((name) => join(dir, name));
  if (!workspace || !outside || !home) throw new Error('three directories are made');
  const setup = {
    ...{ home, env: {}, hidden: [], processes, bwrapPath: null },
    ...{ allowGitCommit: false, allowUnixSockets: false, maxProcesses: null, maxFileBytes: null },
  };
  const manager = new SandboxManager(setup);
  const listed = new SandboxManager({ ...setup, network: NO_HOSTS });
  const { signal } = new AbortController();
  try {
    for (const path of [join(workspace, '.git', 'hooks'), outside, home]) mkdirSync(path, { recursive: true });
    writeFileSync(join(workspace, '.git', 'config'), '');
    writeFileSync(join(outside, 'precious'), 'as it was');
    writeFileSync(join(home, 'auth.json'), 'sk-');
    const facts = await manager.facts(signal);
    if (facts.type === 'unavailable') return { backend: null, reason: facts.reason, rows: [] };
    const rows: CheckRow[] = [];
    await listed.ready(signal);
    for (const { name, script, isListed = false } of ATTEMPTS) {
      const env = { PATH: process.env['PATH'] ?? '', OUT: outside, HOST: String(process.pid), KEEL_CHECK_HOME: home };
      const planned = (isListed ? listed : manager).plan({
        spec: { argv: ['bash', '-c', script], cwd: workspace, env },
        policy: {
          mode: 'workspace-write',
          network_access: false,
          exclude_slash_tmp: true,
          exclude_tmpdir_env_var: true,
        },
        cwd: workspace,
      });
      if (planned.type === 'unavailable') return { backend: null, reason: planned.reason, rows };
      const outcome = await runCommand(planned.plan.spawn, {
        ...{ processes, timeoutMs: 10_000, signal, spill: null },
        onText: () => undefined,
      });
      const isHeld = outcome.end.type === 'exited' && outcome.end.exitCode !== 0 && isUntouched(outside);
      rows.push({ name, isHeld, detail: outcome.output.trim().split('\n')[0]?.slice(0, 100) ?? '' });
    }
    return { backend: facts.type, reason: '', rows };
  } finally {
    manager.close();
    listed.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

function isUntouched(outside: string): boolean {
  return !existsSync(join(outside, 'made')) && readFileSync(join(outside, 'precious'), 'utf8') === 'as it was';
}
