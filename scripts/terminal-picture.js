// The screen of a terminal emulator as an SVG picture, with its colours, and as text that two runs can be compared by.

const CHAR = 8.4;
const LINE = 18;
const MARGIN = 16;
const BACKGROUND = '#0d1117';
const FOREGROUND = '#e6edf3';
/** The 16 colours that a terminal has names for. */
const PALETTE = [
  ...['#484f58', '#ff7b72', '#3fb950', '#d29922', '#58a6ff', '#bc8cff', '#39c5cf', '#b1bac4'],
  ...['#6e7681', '#ffa198', '#56d364', '#e3b341', '#79c0ff', '#d2a8ff', '#56d4dd', '#f0f6fc'],
];

/**
 * @typedef {{ text: string, column: number, cells: number, colour: string, back: string, bold: boolean, dim: boolean,
 *   italic: boolean, strike: boolean, underline: boolean }} Piece a run of cells that look the same
 */

/** The rows of scrollback and screen, each as pieces, without empty rows at the end. @param {import('@xterm/headless').Terminal} terminal */
export function rowsOf(terminal) {
  const { normal } = terminal.buffer;
  const rows = Array.from({ length: normal.length }, (_, at) => piecesOf(normal.getLine(at), terminal.cols));
  while (rows.length > 0 && rows.at(-1)?.length === 0) rows.pop();
  return rows;
}

/** @returns {Piece[]} */
function piecesOf(line, columns) {
  const pieces = [];
  let last = '';
  for (let column = 0; column < columns; column += 1) {
    const cell = line?.getCell(column);
    if (cell === undefined || cell.getWidth() === 0) continue;
    const look = lookOf(cell);
    const key = JSON.stringify(look);
    const text = cell.getChars() || ' ';
    const piece = pieces.at(-1);
    if (piece !== undefined && key === last) {
      piece.text += text;
      piece.cells += cell.getWidth();
    } else pieces.push({ text, column, cells: cell.getWidth(), ...look });
    last = key;
  }
  return pieces.filter(({ text, back }) => text.trim() !== '' || back !== BACKGROUND);
}

function lookOf(cell) {
  const front = colourOf(cell.isFgDefault(), cell.isFgRGB(), cell.getFgColor(), FOREGROUND);
  const behind = colourOf(cell.isBgDefault(), cell.isBgRGB(), cell.getBgColor(), BACKGROUND);
  const isInverse = cell.isInverse() !== 0;
  return {
    colour: isInverse ? behind : front,
    back: isInverse ? front : behind,
    bold: cell.isBold() !== 0,
    dim: cell.isDim() !== 0,
    italic: cell.isItalic() !== 0,
    strike: cell.isStrikethrough() !== 0,
    underline: cell.isUnderline() !== 0,
  };
}

function colourOf(isDefault, isRgb, colour, usual) {
  if (isDefault) return usual;
  if (isRgb) return `#${colour.toString(16).padStart(6, '0')}`;
  if (colour < 16) return PALETTE[colour];
  const levels = [0, 95, 135, 175, 215, 255];
  const at = colour - 16;
  const [red, green, blue] =
    colour < 232
      ? [levels[Math.floor(at / 36)], levels[Math.floor(at / 6) % 6], levels[at % 6]]
      : Array.from({ length: 3 }, () => 8 + (colour - 232) * 10);
  return `#${[red, green, blue].map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}

/** @param {string} title @param {readonly Piece[][]} rows @param {number} columns */
export function svgOf(title, rows, columns) {
  const [width, height] = [Math.round(columns * CHAR + 2 * MARGIN), rows.length * LINE + 2 * MARGIN];
  const backs = rows.flatMap((row, at) =>
    row.filter(({ back }) => back !== BACKGROUND).map((piece) => backOf(piece, at)),
  );
  const lines = rows.flatMap((row, at) => {
    const spans = row.filter(({ text }) => text.trim() !== '').map(spanOf);
    if (spans.length === 0) return [];
    return [`<text y="${MARGIN + at * LINE + 14}" xml:space="preserve">${spans.join('')}</text>`];
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="ui-monospace, Menlo, Consolas, monospace" font-size="14" fill="${FOREGROUND}">
<title>${escaped(title)}</title>
<rect width="100%" height="100%" rx="8" fill="${BACKGROUND}"/>
${[...backs, ...lines].join('\n')}
</svg>
`;
}

const xOf = (column) => Number((MARGIN + column * CHAR).toFixed(1));

function backOf({ column, cells, back }, at) {
  const place = `x="${xOf(column)}" y="${MARGIN + at * LINE}"`;
  return `<rect ${place} width="${Number((cells * CHAR).toFixed(1))}" height="${LINE}" fill="${back}"/>`;
}

function spanOf({ text, column, colour, bold, dim, italic, strike, underline }) {
  const line = strike ? 'line-through' : underline ? 'underline' : null;
  const attributes = [
    `x="${xOf(column)}"`,
    ...(colour === FOREGROUND ? [] : [`fill="${colour}"`]),
    ...(bold ? ['font-weight="bold"'] : []),
    ...(italic ? ['font-style="italic"'] : []),
    ...(dim ? ['fill-opacity="0.6"'] : []),
    ...(line === null ? [] : [`text-decoration="${line}"`]),
  ];
  return `<tspan ${attributes.join(' ')}>${escaped(text.trimEnd())}</tspan>`;
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
