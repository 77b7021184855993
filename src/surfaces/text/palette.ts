import { type ColourDepth, nearest256, type Rgb } from './colour.ts';
import type { Role, Style } from './row.ts';
import type { Look, Theme } from './theme.ts';

/** Styles as the terminal is given them. */
export interface Palette {
  /** SGR parameters of a style, empty for the terminal's own look: `1;38;5;75`. */
  codes(style: Style): string;
  /** Whether the style has a tint, which fills the row. */
  hasTint(style: Style): boolean;
}

export function paletteOf(theme: Theme, depth: ColourDepth): Palette {
  const known = new WeakMap<Style, string>();
  const look = (role: Role | undefined): Look => (role === undefined ? {} : theme[role]);
  const lookOf = ({ role, on }: Style): Look => {
    if (on === undefined) return look(role);
    const { tint, basic } = look(on);
    if (isTinting(depth) && tint !== undefined) return { ...look(role), tint };
    // Where there is no tint, the letters say what it would, if it says anything.
    return basic === undefined ? look(role) : look(on);
  };
  return {
    codes(style) {
      const found = known.get(style);
      if (found !== undefined) return found;
      const joined = [...new Set([...attributes(style), ...colours(lookOf(style), depth)])].join(';');
      known.set(style, joined);
      return joined;
    },
    hasTint: (style) => isTinting(depth) && lookOf(style).tint !== undefined,
  };
}

function isTinting(depth: ColourDepth): boolean {
  return depth === '256' || depth === 'truecolor';
}

function attributes(style: Style): string[] {
  const codes: [boolean | undefined, string][] = [
    [style.bold, '1'],
    [style.dim, '2'],
    [style.italic, '3'],
    [style.underline, '4'],
    [style.inverse, '7'],
    [style.strike, '9'],
  ];
  return codes.flatMap(([isSet, code]) => (isSet === true ? [code] : []));
}

function colours(look: Look, depth: ColourDepth): string[] {
  const codes: string[] = [];
  if (isTinting(depth) && look.letters) codes.push(`38;${colour(look.letters, depth)}`);
  else if (look.isFaint) codes.push('2');
  else if (depth !== 'none' && look.basic !== undefined) codes.push(String(look.basic));
  if (isTinting(depth) && look.tint) codes.push(`48;${colour(look.tint, depth)}`);
  return codes;
}

function colour(value: Rgb, depth: ColourDepth): string {
  return depth === 'truecolor' ? `2;${value.join(';')}` : `5;${nearest256(value)}`;
}
