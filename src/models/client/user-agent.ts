import { machine, release, type } from 'node:os';

type Environment = Readonly<Record<string, string | undefined>>;

export interface UserAgentFacts {
  readonly originator: string;
  readonly version: string;
  readonly env: Environment;
  /** Says on whose behalf keel asks, e.g. the name of an MCP client. */
  readonly suffix?: string | null;
}

/** `{originator}/{version} ({OS} {version}; {arch}) {terminal}[ ({suffix})]`, fit for a header whatever it is made of. */
export function userAgent({ originator, version, env, suffix }: UserAgentFacts): string {
  const head = `${originator}/${version} (${type()} ${release()}; ${machine()}) ${terminalName(env)}`;
  return (suffix ? `${head} (${suffix})` : head).replace(/[^\x20-\x7e]/g, '_');
}

function terminalName(env: Environment): string {
  return rawTerminalName(env).replace(/[^A-Za-z0-9\-_./]/g, '_');
}

/** The first thing in the environment that names a terminal. */
function rawTerminalName(env: Environment): string {
  const program = env['TERM_PROGRAM'];
  if (program) return env['TERM_PROGRAM_VERSION'] ? `${program}/${env['TERM_PROGRAM_VERSION']}` : program;
  if (env['WEZTERM_VERSION']) return `WezTerm/${env['WEZTERM_VERSION']}`;
  if (env['KITTY_WINDOW_ID']) return 'kitty';
  if (env['ALACRITTY_SOCKET']) return 'Alacritty';
  if (env['KONSOLE_VERSION']) return `Konsole/${env['KONSOLE_VERSION']}`;
  if (env['GNOME_TERMINAL_SCREEN']) return 'gnome-terminal';
  if (env['VTE_VERSION']) return `VTE/${env['VTE_VERSION']}`;
  if (env['WT_SESSION']) return 'WindowsTerminal';
  return env['TERM'] || 'unknown';
}
