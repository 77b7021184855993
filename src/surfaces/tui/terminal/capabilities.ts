import type { ColourDepth } from '../../text/index.ts';
import type { Reflow } from './reflow.ts';

/** What the environment says about the terminal, before it is asked anything. */
export interface Capabilities {
  /** `append`: only lines can be added (dumb terminals, screen readers); `inline`: a live region is redrawn in place. */
  readonly painting: 'inline' | 'append';
  readonly colours: ColourDepth;
  readonly hasLinks: boolean;
  /** Prompts can be marked in the scrollback (OSC 133). */
  readonly hasPromptMarks: boolean;
  /** The terminal is of a kind that marks pastes, also if it does not answer the question whether it does. */
  readonly marksPastes: boolean;
  readonly reflow: Reflow;
  /** How desktop notifications (OSC 9) reach the terminal. */
  readonly passthrough: 'direct' | 'tmux' | 'none';
  /** Progress (OSC 9;4) is shown. Terminals that don't know it post it as a notification. */
  readonly hasProgress: boolean;
  /** Overlays get the alternate screen. zellij keeps no scrollback in it. */
  readonly hasAlternateScreen: boolean;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const TRUE_COLOUR_PROGRAMS = ['iTerm.app', 'WezTerm', 'vscode', 'ghostty', 'Hyper', 'Tabby', 'rio', 'WarpTerminal'];
const PROGRESS_PROGRAMS = ['ghostty', 'WezTerm', 'vscode'];
/** Kinds of terminals that have marked pastes for many years. The Linux console and GNU screen do not. */
const MARKS_PASTES = /^(?:xterm|tmux|alacritty|foot|wezterm|kitty|ghostty|konsole|contour|rio|rxvt-unicode|st(?:-|$))/;
const XTERM_JS_PROGRAMS = ['vscode', 'Hyper', 'Tabby'];

/** @param env variables of the environment, `process.env` */
export function capabilitiesOf(env: Environment): Capabilities {
  const term = env['TERM'] ?? '';
  const program = env['TERM_PROGRAM'] ?? '';
  const isSet = (name: string) => (env[name] ?? '') !== '';
  const isTmux = isSet('TMUX') || term.startsWith('tmux');
  const isScreen = !isTmux && (isSet('STY') || term.startsWith('screen'));
  const isBare = ['linux', 'vt100', 'vt220', 'ansi'].includes(term);
  const isDumb = term === 'dumb' || (term === '' && !isSet('WT_SESSION'));
  return {
    painting: isDumb || env['ACCESSIBLE'] === '1' ? 'append' : 'inline',
    colours: isDumb ? 'none' : coloursOf(env, { term, program, isScreen }),
    hasLinks: !isDumb && !isScreen && !isBare && program !== 'Apple_Terminal',
    hasPromptMarks: !isDumb && !isScreen && !isBare,
    marksPastes: isTmux || isSet('WT_SESSION') || isSet('VTE_VERSION') || (!isScreen && MARKS_PASTES.test(term)),
    reflow: reflowOf(env, { term, program, isTmux, isScreen, isBare }),
    passthrough: isTmux ? 'tmux' : isScreen || isDumb || isBare ? 'none' : 'direct',
    hasProgress:
      !isTmux && !isScreen && (isSet('WT_SESSION') || isSet('ConEmuPID') || PROGRESS_PROGRAMS.includes(program)),
    hasAlternateScreen: !isDumb && !isSet('ZELLIJ'),
  };
}

function coloursOf(
  env: Environment,
  { term, program, isScreen }: { term: string; program: string; isScreen: boolean },
): ColourDepth {
  // no-color.org: any value that isn't empty.
  if ((env['NO_COLOR'] ?? '') !== '') return 'none';
  if (/^(?:truecolor|24bit)$/i.test(env['COLORTERM'] ?? '') && !isScreen) return 'truecolor';
  if (TRUE_COLOUR_PROGRAMS.includes(program) || (env['WT_SESSION'] ?? '') !== '') return 'truecolor';
  if (/^(?:xterm-kitty|xterm-ghostty|alacritty|foot|wezterm)|-direct$/.test(term)) return 'truecolor';
  return /-256(?:color)?$/.test(term) || program === 'Apple_Terminal' ? '256' : '16';
}

interface ReflowFacts {
  readonly term: string;
  readonly program: string;
  readonly isTmux: boolean;
  readonly isScreen: boolean;
  readonly isBare: boolean;
}

function reflowOf(env: Environment, { term, program, isTmux, isScreen, isBare }: ReflowFacts): Reflow {
  if (isTmux) return 'wraps';
  if (isScreen || isBare || (env['XTERM_VERSION'] ?? '') !== '' || /^st(?:-|$)/.test(term)) return 'none';
  return XTERM_JS_PROGRAMS.includes(program) ? 'wraps-as-xterm-js' : 'wraps';
}
