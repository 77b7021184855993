import { blend, isDark, type Rgb, rgb } from './colour.ts';
import type { Role } from './row.ts';

/** The look of a role. */
export interface Look {
  /** Colour of the letters; absent: the terminal's own. */
  readonly letters?: Rgb;
  /** Tint behind the letters, which fills the row. */
  readonly tint?: Rgb;
  /** SGR colour of the letters (30–37) where the terminal shows 16 colours, which people choose themselves. */
  readonly basic?: number;
  /** Set weakly where there are no colours of our own. */
  readonly isFaint?: boolean;
}

export type Theme = Readonly<Record<Role, Look>>;

/** What people choose from. `auto` asks the terminal for its background. */
export const THEME_NAMES = [
  'auto',
  'dark',
  'light',
  'colour-blind',
  'dark-colour-blind',
  'light-colour-blind',
] as const;
export type ThemeName = (typeof THEME_NAMES)[number];

const WHITE = rgb('#ffffff');
const BLACK = rgb('#000000');
/** Backgrounds that the named themes are made for where the terminal names none. */
const DARK_BACKGROUND = rgb('#1e1e1e');
const LIGHT_BACKGROUND = rgb('#ffffff');

const DARK = {
  muted: '#a3a3a3',
  blue: '#7cb7ff',
  green: '#7ee08a',
  red: '#ff9b94',
  yellow: '#e5c76b',
  cyan: '#6fd6dd',
  purple: '#d3a8ff',
  orange: '#ffb273',
};
const LIGHT = {
  muted: '#595959',
  blue: '#0a50b3',
  green: '#0b5e1c',
  red: '#a11218',
  yellow: '#6b4d00',
  cyan: '#00595f',
  purple: '#6a2bb0',
  orange: '#8a3d00',
};

/** The theme that a name and the terminal's background (null: it didn't answer) ask for. */
export function themeFor(name: ThemeName, background: Rgb | null): Theme {
  const isColourBlind = name.endsWith('colour-blind');
  if (name.startsWith('dark')) return themeOver(background ?? DARK_BACKGROUND, { dark: true, isColourBlind });
  if (name.startsWith('light')) return themeOver(background ?? LIGHT_BACKGROUND, { dark: false, isColourBlind });
  // No answer says nothing about the background: colours are the terminal's own then, and nothing is tinted.
  if (background === null) return basicTheme(isColourBlind);
  return themeOver(background, { dark: isDark(background), isColourBlind });
}

interface Shade {
  readonly dark: boolean;
  readonly isColourBlind: boolean;
}

function themeOver(background: Rgb, { dark, isColourBlind }: Shade): Theme {
  const colours = dark ? DARK : LIGHT;
  const letters = (name: keyof typeof DARK) => ({ letters: rgb(colours[name]) });
  const base = basicTheme(isColourBlind);
  // Blue and orange stay apart for every kind of colour blindness, green and red do not.
  const [good, bad] = isColourBlind ? (['blue', 'orange'] as const) : (['green', 'red'] as const);
  const tint = (name: 'green' | 'red' | 'blue' | 'orange') =>
    blend(rgb(dark ? DARK[name] : LIGHT[name]), background, dark ? 0.16 : 0.1);
  return {
    muted: { ...base.muted, ...letters('muted') },
    accent: { ...base.accent, ...letters('cyan') },
    success: { ...base.success, ...letters(good) },
    danger: { ...base.danger, ...letters(bad) },
    warning: { ...base.warning, ...letters('yellow') },
    added: { ...base.added, ...letters(good), tint: tint(good) },
    removed: { ...base.removed, ...letters(bad), tint: tint(bad) },
    code: { ...base.code, ...letters('cyan') },
    link: { ...base.link, ...letters('blue') },
    heading: {},
    quote: { ...base.quote, ...letters('muted') },
    user: { tint: blend(dark ? WHITE : BLACK, background, dark ? 0.1 : 0.07) },
    keyword: { ...base.keyword, ...letters('purple') },
    string: { ...base.string, ...letters(isColourBlind ? 'yellow' : 'green') },
    number: { ...base.number, ...letters('orange') },
    comment: { ...base.comment, ...letters('muted') },
    type: { ...base.type, ...letters('yellow') },
    function: { ...base.function, ...letters('blue') },
  };
}

/** Colours that people set for their terminal themselves, on whatever background. */
function basicTheme(isColourBlind: boolean): Theme {
  const [good, bad] = isColourBlind ? [34, 33] : [32, 31];
  return {
    muted: { isFaint: true },
    accent: { basic: 36 },
    success: { basic: good },
    danger: { basic: bad },
    warning: { basic: 33 },
    added: { basic: good },
    removed: { basic: bad },
    code: { basic: 36 },
    link: { basic: 34 },
    heading: {},
    quote: { isFaint: true },
    user: {},
    keyword: { basic: 35 },
    string: { basic: isColourBlind ? 33 : 32 },
    number: { basic: 36 },
    comment: { isFaint: true },
    type: { basic: 33 },
    function: { basic: 34 },
  };
}
