// Records `keel demo` in a terminal of its own as docs/demo.svg: what the README shows is what the program prints.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawn } from '@lydell/node-pty';

const root = join(import.meta.dirname, '..');
const COLUMNS = 100;
const CHAR = 8.4;
const LINE = 18;
const colours = { 31: '#ff7b72', 32: '#7ee787', 33: '#e3b341', 35: '#d2a8ff', 36: '#79c0ff' };

const terminal = spawn(process.execPath, [join(root, 'bin/keel.js'), 'demo'], {
  cols: COLUMNS,
  rows: 50,
  cwd: root,
  env: { PATH: process.env.PATH, HOME: process.env.HOME, TERM: 'xterm-256color' },
});
let output = '';
terminal.onData((data) => {
  output += data;
});
terminal.onExit(() => writeFileSync(join(root, 'docs/demo.svg'), svgOf(output)));

/** @param {string} text @returns {string} */
function svgOf(text) {
  const lines = text
    .replaceAll(/\/tmp\/keel-demo-\w+/g, '~')
    .replaceAll('\r\n', '\n')
    .trimEnd()
    .split('\n')
    .map((line) => line.slice(0, COLUMNS * 2));
  let style = {};
  const rows = lines.map((line, at) => {
    const spans = [];
    for (const part of line.split(/(\u001b\[[\d;]*m)/)) {
      const codes = /^\u001b\[([\d;]*)m$/.exec(part)?.[1];
      if (codes === undefined) spans.push(span(part, style));
      else for (const code of codes.split(';')) style = next(style, Number(code));
    }
    return `<text x="16" y="${(at + 1) * LINE + 16}" xml:space="preserve">${spans.join('')}</text>`;
  });
  const [width, height] = [COLUMNS * CHAR + 32, (lines.length + 2) * LINE];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="ui-monospace, Menlo, Consolas, monospace" font-size="14" fill="#e6edf3">
<title>keel demo in a terminal</title>
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
${rows.join('\n')}
</svg>
`;
}

/** The style after an escape code: colour, bold or dim, or none. */
function next(style, code) {
  if (code === 1) return { ...style, bold: true };
  if (code === 2) return { ...style, dim: true };
  if (code === 22) return { ...style, bold: false, dim: false };
  if (code in colours) return { ...style, colour: colours[code] };
  if (code === 39) return { ...style, colour: undefined };
  return code === 0 ? {} : style;
}

function span(text, { colour, bold, dim }) {
  const plain = text.replaceAll(/[^\u0020-\uffff]/g, '');
  if (plain === '') return '';
  const escaped = plain.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const attributes = [
    colour ? ` fill="${colour}"` : '',
    bold ? ' font-weight="bold"' : '',
    dim ? ' opacity="0.6"' : '',
  ].join('');
  return `<tspan${attributes}>${escaped}</tspan>`;
}
