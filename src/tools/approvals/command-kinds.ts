/**
 * What programs do with their words, as far as judging needs it. A program in no table may run any of its words.
 */

/** Shells: they run a script that they are given as a word, read from a file, or from their input. */
export const SHELLS = words('bash sh zsh dash ksh mksh ash fish rbash');

/** Options of shells that take a value. */
export const SHELL_OPTIONS_WITH_VALUE = words('-o +o -O +O --rcfile --init-file');

/** Programs that run their later words as a command, after options and operands of their own. */
export const WRAPPERS = words(`
  sudo doas su runuser run0 pkexec gosu su-exec setpriv capsh fakeroot
  env command exec builtin coproc time nohup setsid disown daemonize start-stop-daemon systemd-run
  nice ionice chrt taskset numactl cpulimit prlimit cgexec timeout stdbuf unbuffer script flock
  chroot unshare nsenter bwrap firejail proot linux32 linux64 setarch arch i386 x86_64
  strace ltrace gdb perf valgrind watch parallel xargs entr chpst softlimit setlock envdir setuidgid
  busybox toybox xvfb-run dbus-run-session dbus-launch caffeinate catchsegv faketime pipexec socat
  ssh-agent aa-exec runcon torsocks proxychains proxychains4 retry hyperfine
`);

/** Wrappers that add words which keel does not see. */
export const APPENDING = words('xargs parallel');

/** Wrappers that hand their words to a shell. */
export const SCRIPT_RUNNERS = words('watch parallel');

/** Options, by program, whose value is a script or a command line. */
export const SCRIPT_OPTIONS: Readonly<Record<string, readonly string[]>> = {
  su: ['-c', '--command', '--session-command'],
  runuser: ['-c', '--command'],
  script: ['-c', '--command'],
  flock: ['-c', '--command'],
  sg: ['-c'],
  'nix-shell': ['--run', '--command'],
  git: ['-x', '--exec'],
  tar: ['-I', '--use-compress-program', '--to-command'],
  rsync: ['-e', '--rsh'],
};

/** Programs that take their words for names, texts and options, and never run one of them. */
export const DATA_PROGRAMS = words(`
  cat cd echo false grep egrep fgrep head ls nl pwd tail true wc which cut expr id paste rev seq stat tr uname whoami
  numfmt tac sort uniq comm join tee touch mkdir rmdir rm cp mv ln install dd truncate mktemp readlink realpath basename
  dirname chmod chown chgrp du df file date printf test [ sleep kill wait read type hash export unset set shift return
  exit diff cmp patch sed jq tree less more base64 md5sum sha1sum sha256sum od xxd hexdump strings cal tput clear column
  fold fmt pr split csplit shuf yes printenv hostname ps top free uptime lsof man info apropos whatis locate rg fd ag
  gzip gunzip zcat bzip2 xz zstd tar zip unzip rsync scp curl wget ping git gh vi vim nano emacs code
  apt apt-get apt-cache dpkg brew dnf yum apk pip pip3 gem tsc eslint prettier
`);

function words(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}
