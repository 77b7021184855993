/** One way out of the sandbox, tried in a directory of its own in workspace-write mode. */
export interface Attempt {
  readonly name: string;
  /** A script with `$OUT`, a directory it may not write, and `$HOST`, keel's process, and `$PORT`, on which keel listens. Exit code 0 means that it got out. */
  readonly script: string;
  /** Run before it, by a command of its own. */
  readonly before?: string;
  /** Path in the workspace that must not be there when all have ended and the session is closed. */
  readonly planted?: string;
  /** Tried where hosts are listed, none in fact: nothing but the proxy can be reached. */
  readonly isListed?: boolean;
  /** The backend that is known not to stop it; the documentation says so. */
  readonly isKnownGapOf?: 'landlock';
}

/** Opens for writing and writes nothing: a success does no harm. */
const opens = (path: string) => `: >> ${path}`;

export const ATTEMPTS: readonly Attempt[] = [
  { name: 'write outside the workspace', script: 'echo x > "$OUT/made"' },
  { name: 'write through a symlink', script: 'ln -s "$OUT" way && echo x > way/made' },
  { name: 'link an outside file into the workspace', script: 'ln "$OUT/precious" mine && echo x > mine' },
  {
    name: 'change the times of an outside file',
    script: 'touch -d 2001-01-01 "$OUT/precious"',
    isKnownGapOf: 'landlock',
  },
  {
    name: 'have a missing writable directory lead elsewhere',
    before: 'ln -s "$OUT" later',
    script: 'echo x > "$OUT/made"',
  },
  {
    name: 'replace a writable directory by a link',
    before: 'mv root free/root && ln -s "$OUT" root',
    script: 'echo x > "$OUT/made"',
  },
  {
    name: 'change an attribute of an outside file',
    script: `setfattr -n user.keel -v x "$OUT/precious" || chattr +d "$OUT/precious" ||
python3 -c 'import os; os.setxattr(os.environ["OUT"] + "/precious", "user.keel", b"x")'`,
  },
  { name: 'write .git/config', script: 'echo x >> .git/config' },
  { name: 'put a hook into .git', script: 'echo x > .git/hooks/pre-commit' },
  { name: 'replace .git', script: 'mv .git old && mkdir .git' },
  { name: 'write .git of a repository below', script: 'echo x >> vendor/dep/.git/config || mv vendor other' },
  {
    name: "plant settings of keel's",
    script: 'mkdir -p .keel && echo x > .keel/config.toml',
    planted: '.keel',
  },
  {
    name: "plant settings of keel's further down",
    script: 'mkdir -p free/deep/.keel && echo x > free/deep/.keel/config.toml',
    planted: 'free/deep/.keel',
  },
  {
    name: 'plant a hook in a new repository',
    script: 'git init -q free/new && echo x > free/new/.git/hooks/pre-commit',
    planted: 'free/new/.git/hooks/pre-commit',
  },
  { name: "write keel's home", script: 'echo x > "$KEEL_CHECK_HOME/config.toml"' },
  { name: "write keel's compiled code", script: 'echo x > "$KEEL_CHECK_HOME/cache/code/x"' },
  { name: "read keel's credentials", script: 'grep -q sk- "$KEEL_CHECK_HOME/auth.json"' },
  { name: "read keel's settings", script: 'grep -q sk- "$KEEL_CHECK_HOME/config.toml"' },
  {
    name: "read keel's credentials by another name",
    script: `ln "$KEEL_CHECK_HOME/auth.json" mine && grep -q sk- mine ||
grep -q sk- "/proc/self/root$KEEL_CHECK_HOME/auth.json" || grep -rq sk- "$KEEL_CHECK_HOME"`,
  },
  { name: 'open a setting of the kernel', script: opens('/proc/sys/kernel/core_pattern') },
  { name: 'open the system request key', script: opens('/proc/sysrq-trigger') },
  {
    name: 'open an interrupt of the kernel',
    script: 'for f in /proc/irq/*/smp_affinity; do : >> $f && exit; done; exit 1',
  },
  { name: 'open a file of /sys', script: `${opens('/sys/kernel/mm/ksm/run')} || ${opens('/sys/power/state')}` },
  {
    name: 'use a directory that keel has open',
    script: 'cd /proc/self/fd && for fd in [3-9]* [12][0-9]*; do [ -d "$fd/." ] && ls "$fd/" && exit; done; exit 1',
  },
  { name: "see keel's process", script: 'kill -0 "$HOST" || grep -q . "/proc/$HOST/environ"' },
  { name: "change the priority of keel's process", script: 'renice -n 5 -p "$HOST" || taskset -p 1 "$HOST"' },
  { name: 'remount the file system', script: 'mount -o remount,rw / || umount -l "$PWD/.git"' },
  { name: 'make a user namespace', script: 'unshare -Ur true' },
  {
    name: 'reach a server on this machine',
    script: 'exec 3<>/dev/tcp/127.0.0.1/$PORT',
  },
  { name: 'look up a name', script: 'getent hosts example.com' },
  {
    name: 'past a list of hosts: reach a server on this machine',
    script: 'exec 3<>/dev/tcp/127.0.0.1/$PORT',
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
