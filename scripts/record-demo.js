// Records `keel demo` in a terminal as docs/demo.svg, the picture of the README. With --check it writes nothing and fails if
// the picture shows something else than the program prints now.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawn } from '@lydell/node-pty';

const root = join(import.meta.dirname, '..');
const picture = join(root, 'docs/demo.svg');
const COLUMNS = 100;
const CHAR = 8.4;
const LINE = 18;
const colours = {
  31: '#ff7b72',
  32: '#7ee787',
  33: '#e3b341',
  34: '#79c0ff',
  35: '#d2a8ff',
  36: '#79c0ff',
  90: '#8b949e',
};

/** What differs from run to run, and the form that two runs are compared in. */
const VARYING = [
  [/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID'],
  [/\bin \d+m \d+s\b|\bin [\d.]+m?s\b/g, 'in TIME'],
  [/\b(duration_ms:? )[\d.]+/g, '$1TIME'],
  [/\([\d.]+ms\)/g, '(TIME)'],
  [/\bindex [0-9a-f]+\.\.[0-9a-f]+/g, 'index HASHES'],
];

/** @returns {Promise<string>} what the demo prints, with its temporary directory as `~` */
function demoOutput() {
  const { PATH, HOME, TMPDIR } = process.env;
  const terminal = spawn(process.execPath, [join(root, 'bin/keel.js'), 'demo'], {
    cols: COLUMNS,
    rows: 50,
    cwd: root,
    env: { PATH, HOME, TERM: 'xterm-256color', ...(TMPDIR && { TMPDIR }) },
  });
  let output = '';
  terminal.onData((data) => {
    output += data;
  });
  const { promise, resolve, reject } = Promise.withResolvers();
  terminal.onExit(({ exitCode }) => {
    if (exitCode !== 0) reject(new Error(`keel demo ended with ${exitCode}:\n${output}`));
    else resolve(output.replaceAll(/[\w/.-]*\/keel-demo-\w+/g, '~').replaceAll('\r\n', '\n'));
  });
  return promise;
}

/** The rows of a terminal: long lines are wrapped, and each row has its styled pieces. @param {string} text */
function rowsOf(text) {
  const rows = [];
  let style = {};
  for (const line of text.trim().split('\n')) {
    let row = [];
    let width = 0;
    for (const part of line.split(/(\u001b\[[\d;]*[A-Za-z])/)) {
      const codes = /^\u001b\[([\d;]*)m$/.exec(part)?.[1];
      if (codes !== undefined) for (const code of codes.split(';')) style = next(style, Number(code));
      if (part.startsWith('\u001b')) continue;
      let rest = part.replaceAll(/[^\u0020-\uffff]/g, '');
      while (width + rest.length > COLUMNS) {
        row.push({ text: rest.slice(0, COLUMNS - width), style });
        rest = rest.slice(COLUMNS - width);
        rows.push(row);
        row = [];
        width = 0;
      }
      if (rest !== '') row.push({ text: rest, style });
      width += rest.length;
    }
    rows.push(row);
  }
  return rows;
}

/** @param {string} output */
function svgOf(output) {
  const rows = rowsOf(output).map(
    (row, at) => `<text x="16" y="${(at + 1) * LINE + 16}" xml:space="preserve">${row.map(span).join('')}</text>`,
  );
  const [width, height] = [COLUMNS * CHAR + 32, (rows.length + 2) * LINE];
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

function span({ text, style: { colour, bold, dim } }) {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const attributes = [
    colour ? ` fill="${colour}"` : '',
    bold ? ' font-weight="bold"' : '',
    dim ? ' opacity="0.6"' : '',
  ].join('');
  return `<tspan${attributes}>${escaped}</tspan>`;
}

/** A picture without what varies, its text joined where it was wrapped. @param {string} svg */
function comparable(svg) {
  const rows = svg.match(/<text .*<\/text>/g) ?? [];
  let text = '';
  for (const row of rows) {
    const line = row.replaceAll(/<[^>]*>/g, '');
    text += [...line.replaceAll(/&\w+;/g, '?')].length === COLUMNS ? line : `${line}\n`;
  }
  return VARYING.reduce((masked, [pattern, mask]) => masked.replaceAll(pattern, mask), text);
}

const output = await demoOutput();
const svg = svgOf(output);
if (output.includes('No sandbox works here')) {
  console.error('the picture shows a sandboxed run, and no sandbox works here (`keel doctor` says why)');
  process.exitCode = 2;
} else if (!process.argv.includes('--check')) writeFileSync(picture, svg);
else {
  const [shown, now] = [readFileSync(picture, 'utf8'), svg].map((one) => comparable(one).split('\n'));
  const at = now.findIndex((line, index) => line !== shown[index]);
  if (at !== -1 || shown.length !== now.length) {
    console.error('docs/demo.svg does not show what `keel demo` prints: npm run demo:record');
    console.error(`  shown: ${shown[at] ?? '(nothing)'}\n  now:   ${now[at] ?? '(nothing)'}`);
    process.exitCode = 1;
  }
}
