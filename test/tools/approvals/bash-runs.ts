import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * What bash really runs for scripts, each in a subshell of its own. No program is on the path, so that every command by a
 * bare name comes to a function that notes its words; it ends with `status`.
 */
export interface BashRuns {
  /** The words of each command, in no certain order. */
  readonly commands: readonly (readonly string[])[];
}

export interface BashOptions {
  readonly status: 0 | 1;
  /** `noted`: builtins such as `cd` and `eval` are noted instead of run; `real`: they do what they do. */
  readonly builtins: 'noted' | 'real';
}

/** Separates words from commands: no script contains it. */
const START = '\x1e';
const NOTED = `
for b in $(compgen -b); do
  case $b in
    builtin|printf|return|.|:|'[') ;;
    *) builtin eval "$b() { log $b \\"\\$@\\"; }" ;;
  esac
done
`;
const DRIVER = `
log() { builtin printf '%s\\0' $'\\x1e'"$n" "$@" >>"$KEEL_LOG"; return "$KEEL_STATUS"; }
command_not_found_handle() { log "$@"; }
readonly -f log command_not_found_handle
FUNCNEST=50 n=0
readonly FUNCNEST KEEL_LOG KEEL_STATUS PATH=/nowhere
`;
const LOOP = `
while IFS= builtin read -r -d '' script; do
  (( ++n ))
  ( builtin ulimit -t 2; builtin eval -- "$script" ) </dev/null >/dev/null 2>&1
done <"$KEEL_SCRIPTS"
:
`;

/** @throws if bash does not come to the end of the scripts */
export function bashRuns(scripts: readonly string[], { status, builtins }: BashOptions): BashRuns[] {
  const dir = mkdtempSync(join(tmpdir(), 'keel-bash-'));
  try {
    const [driver, input, log, work] = ['driver', 'scripts', 'log', 'work'].map((name) => join(dir, name));
    if (!driver || !input || !log || !work) throw new Error('no place');
    writeFileSync(driver, DRIVER + (builtins === 'noted' ? NOTED : '') + LOOP);
    writeFileSync(input, scripts.map((script) => `${script}\0`).join(''));
    writeFileSync(log, '');
    const env = { PATH: '/nowhere', HOME: dir, KEEL_LOG: log, KEEL_SCRIPTS: input, KEEL_STATUS: String(status) };
    const run = spawnSync('/bin/bash', ['--norc', '--noprofile', driver], {
      cwd: mkdtempSync(join(dir, 'work-')),
      env,
      timeout: 60_000 + scripts.length * 40,
    });
    if (run.status !== 0) throw new Error(`bash ended with ${run.status ?? run.signal}: ${run.stderr}`);
    return runsIn(readFileSync(log, 'utf8'), scripts.length);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** A command may be noted after the script that started it has ended, so each note has the number of its script. */
function runsIn(log: string, count: number): BashRuns[] {
  const runs = Array.from({ length: count }, (): { commands: string[][] } => ({ commands: [] }));
  for (const note of log.split(START).slice(1)) {
    const [number, ...words] = note.split('\0').slice(0, -1);
    runs[Number(number) - 1]?.commands.push(words);
  }
  return runs;
}
