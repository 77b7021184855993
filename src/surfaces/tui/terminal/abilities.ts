import { capabilitiesOf, type Environment } from './capabilities.ts';

/** A terminal in words, for people. */
export interface Abilities {
  readonly name: string;
  readonly abilities: readonly string[];
  /** What it can't do, or what its environment doesn't say. */
  readonly missing: readonly string[];
}

const COLOURS = { none: 'no colours', '16': '16 colours', '256': '256 colours', truecolor: 'true colour' } as const;

/** What the environment says about the terminal. */
export function terminalAbilities(env: Environment): Abilities {
  const can = capabilitiesOf(env);
  const parts: readonly (readonly [string, boolean])[] = [
    ['a live region', can.painting === 'inline'],
    ['hyperlinks', can.hasLinks],
    ['marked pastes', can.marksPastes],
    ['prompt marks', can.hasPromptMarks],
    ['desktop notifications', can.passthrough !== 'none'],
    ['progress in the taskbar', can.hasProgress],
  ];
  const name = [env['TERM'] || 'no TERM', env['TERM_PROGRAM']].filter((word) => word).join(' in ');
  const named = (wanted: boolean) => parts.filter(([, has]) => has === wanted).map(([part]) => part);
  return { name, abilities: [COLOURS[can.colours], ...named(true)], missing: named(false) };
}
