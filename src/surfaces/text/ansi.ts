import { cleanLine } from './clean.ts';
import type { Role, Row, Span, Style } from './row.ts';

/** Sets the look of letters (SGR); other sequences of a program's output are left out. */
const LOOK = /\u001b\[([\d;:]*)m/g;
/** Colours 0 to 7 (30–37, 90–97, 40–47 are not shown) by what programs mean with them. */
const ROLES: readonly (Role | null)[] = [null, 'danger', 'success', 'warning', 'link', 'keyword', 'accent', null];

/** Lines of a program's output, with its colours as far as they have a role. A look reaches over line ends. */
export function ansiLines(lines: readonly string[]): Row[] {
  let style: Style = {};
  return lines.map((line) => {
    const spans: Span[] = [];
    let from = 0;
    const add = (text: string) => {
      const clean = cleanLine(text);
      if (clean !== '') spans.push({ text: clean, style });
    };
    for (const found of line.matchAll(LOOK)) {
      add(line.slice(from, found.index));
      style = withLook(style, found[1] ?? '');
      from = found.index + found[0].length;
    }
    add(line.slice(from));
    return spans;
  });
}

function withLook(before: Style, parameters: string): Style {
  let style = before;
  const codes = parameters.split(';');
  for (let at = 0; at < codes.length; at += 1) {
    // The parts of one parameter: `38:5:1` and `4:3` (ISO 8613-6), which take none of those after it.
    const [code = 0, ...parts] = (codes[at] ?? '').split(':').map(numberOf);
    if (code === 38 || code === 48) {
      const [kind, index = 0] = parts.length > 0 ? parts : codes.slice(at + 1).map(numberOf);
      if (code === 38) style = withRole(style, kind === 5 ? roleOf(index) : null);
      if (parts.length === 0) at += kind === 5 ? 2 : 4;
      continue;
    }
    style = withCode(style, code === 4 && parts[0] === 0 ? 24 : code);
  }
  return style;
}

function numberOf(text: string): number {
  return Number.parseInt(text, 10) || 0;
}

/** The role of one of 256 colours: the first 16 have names. */
function roleOf(index: number): Role | null {
  if (index === 8) return 'muted';
  return index < 16 ? (ROLES[index % 8] ?? null) : null;
}

function withCode(style: Style, code: number): Style {
  if (code === 0) return {};
  if (code === 1) return { ...style, bold: true };
  if (code === 2) return { ...style, dim: true };
  if (code === 3) return { ...style, italic: true };
  if (code === 4) return { ...style, underline: true };
  if (code === 9) return { ...style, strike: true };
  if (code === 22) return { ...style, bold: false, dim: false };
  if (code === 23) return { ...style, italic: false };
  if (code === 24) return { ...style, underline: false };
  if (code === 29) return { ...style, strike: false };
  if (code === 39) return withRole(style, null);
  if (code === 90) return withRole(style, 'muted');
  const isColour = (code >= 30 && code <= 37) || (code >= 91 && code <= 97);
  return isColour ? withRole(style, ROLES[code % 10] ?? null) : style;
}

function withRole(style: Style, role: Role | null): Style {
  const { role: _, ...rest } = style;
  return role === null ? rest : { ...rest, role };
}
