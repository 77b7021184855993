// Writes docs/invariants.md: every id in the names of tests, with the sentence that the test checks and its file.
// With --check it writes nothing and fails if the page is out of date.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

const root = join(import.meta.dirname, '..');
const page = join(root, 'docs/invariants.md');

/** The kinds of ids, in the order of the page. */
const kinds = {
  M: 'Sessions, turns, history, compaction, review, resume, undo',
  I: 'Invariants of every session',
  L: 'Laws of whole sessions at random',
  R: 'What the engine was built for',
  T: 'Tools, processes, the sandbox, MCP',
  A: 'Patches',
  C: 'The judgement of commands, and rules about them',
  P: 'Texts for the model',
  F: 'Commands of the command line',
  config: 'Settings',
  model: 'Providers and their APIs',
  'must-hold': 'Requirements for every agent',
  prompts: 'Prompts',
  tui: 'The terminal',
  protocol: 'Records, events and wire forms',
};

const ID = String.raw`(?:[A-Z]\d{1,3}(?:-[A-Z]?\d+)?|(?:${Object.keys(kinds).slice(9).join('|')}) \d+|\d+(?:\.\d+)?)`;
const TITLE = /\b(describe|test|it)\b|\(\s*(['"`])((?:\\.|(?!\2|\\).)*)\2\s*,/gs;
const IDS = new RegExp(`^(${ID}(?:, ${ID})*)(?:: |$)`);

/** @param {string} text the source of a test file @returns {{ indent: number, isGroup: boolean, title: string }[]} */
function titlesOf(text) {
  const titles = [];
  let word = null;
  for (const match of text.matchAll(TITLE)) {
    if (match[1] !== undefined) {
      const start = text.lastIndexOf('\n', match.index) + 1;
      // A call starts its line; the same word elsewhere is prose or a name.
      if (text.slice(start, match.index).trim() === '')
        word = { at: match.index, indent: match.index - start, name: match[1] };
    } else if (word !== null) {
      titles.push({ indent: word.indent, isGroup: word.name === 'describe', title: unescaped(match[3]) });
      word = null;
    }
  }
  return titles;
}

/** @param {string} title */
function unescaped(title) {
  return title
    .replaceAll(/\\u([0-9a-f]{4})/gi, (_, code) => String.fromCharCode(Number.parseInt(code, 16)))
    .replaceAll(/\\(.)/g, '$1')
    .replaceAll(/\$\{[^}]*\}|\$\w+|%[sdijo]/g, '…');
}

/** Numbers alone are of the protocol, and in tests of the terminal of the terminal. @param {string} file */
const kindOfNumbers = (file) => (/^(?:surfaces\/(?:tui|text)|e2e\/terminal\/tui)/.test(file) ? 'tui ' : 'protocol ');

/** @param {string} title @param {string} file @returns {{ ids: string[], sentence: string }} */
function parsed(title, file) {
  const match = IDS.exec(title);
  if (match === null) return { ids: [], sentence: title };
  let kind = kindOfNumbers(file);
  const ids = match[1].split(', ').map((id) => {
    const named = /^([a-z-]+ )\d/.exec(id);
    if (named !== null) kind = named[1];
    return /^\d/.test(id) ? kind + id : id;
  });
  return { ids, sentence: title.slice(match[0].length) };
}

/** @returns {Map<string, { sentence: string, file: string }[]>} */
function promises() {
  const found = new Map();
  const files = readdirSync(join(root, 'test'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  for (const path of files) {
    const file = relative(join(root, 'test'), path).split(sep).join('/');
    let groups = [];
    for (const { indent, isGroup, title } of titlesOf(readFileSync(path, 'utf8'))) {
      groups = groups.filter((group) => group.indent < indent);
      const { ids, sentence } = parsed(title, file);
      if (isGroup) groups.push({ indent, sentence, ids });
      else {
        const own = [...new Set([...groups.flatMap((group) => group.ids), ...ids])];
        const whole = [...groups.map((group) => group.sentence), sentence].filter((part) => part !== '').join(': ');
        for (const id of own) found.set(id, [...(found.get(id) ?? []), { sentence: whole, file }]);
      }
    }
  }
  return found;
}

/** @param {string} id */
const kindOf = (id) => id.replace(/ ?\d.*$/, '');
/** @param {string} id */
const numberOf = (id) => Number(/[\d.]+/.exec(id)?.[0] ?? 0);
/** @param {string} text */
const cell = (text) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll(/\s+/g, ' ');

function written() {
  const found = promises();
  const unknown = [...found.keys()].filter((id) => !Object.hasOwn(kinds, kindOf(id)));
  if (unknown.length > 0) throw new Error(`ids of no known kind: ${unknown.join(', ')}`);
  const sections = Object.entries(kinds).map(([kind, title]) => {
    const ids = [...found.keys()].filter((id) => kindOf(id) === kind).sort((a, b) => numberOf(a) - numberOf(b));
    const rows = ids.flatMap((id) =>
      (found.get(id) ?? []).map(
        ({ sentence, file }, at) => `| ${at === 0 ? id : ''} | ${cell(sentence)} | ${file} |\n`,
      ),
    );
    return `\n## ${kind}: ${title}\n\n| id | what the test checks | file in test/ |\n| --- | --- | --- |\n${rows.join('')}`;
  });
  return `# Promises and their tests\n\nEvery id in the name of a test, from the tests themselves: \`npm run invariants\` writes this page.\n${sections.join('')}`;
}

const text = written();
if (!process.argv.includes('--check')) writeFileSync(page, text);
else if (readFileSync(page, 'utf8') !== text) {
  console.error('docs/invariants.md is out of date: npm run invariants');
  process.exitCode = 1;
}
