// Lint: limits that keep the sources and their tests readable. No source file over 350 lines or, with one importer, under 15, no
// folder with more than 20 files beside each other, no words in comments and docs that plain English has better ones for, and no
// path in a page that does not exist. With --report it prints the figures as well.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';

const root = join(import.meta.dirname, '..');
const MAX_LINES = 350;
const MAX_FILES = 20;
const MIN_LINES = 15;
/** Words of a former dialect. docs/invariants.md is made from the names of tests. */
const BANNED = /\b(told|mend(?:s|ed|ing)?|anew|goes on|waits for leave|stands)\b/gi;
const GENERATED = new Set(['docs/invariants.md']);
const MAP = 'docs/architecture.md';

/** @param {string} dir @param {RegExp} name @returns {string[]} paths from the root; what npm installed there is not ours */
function filesIn(dir, name) {
  return readdirSync(join(root, dir), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && name.test(entry.name) && !entry.parentPath.includes('node_modules'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

/** @param {string} path */
const textOf = (path) => readFileSync(join(root, path), 'utf8');
/** @param {string} text */
const linesOf = (text) => text.split('\n').length - 1;

/** @param {string} text @returns {string[]} the comments of a source file */
function commentsOf(text) {
  return text.match(/(?<=^|\s)\/\/.*|\/\*[\s\S]*?\*\//gm) ?? [];
}

/**
 * @param {readonly string[]} pages
 * @returns {string[]} one line for each path of the tree that a page names and that does not exist; the map of the code names
 * files and rooms from src/ on
 */
function lostPaths(pages) {
  const storeys = readdirSync(join(root, 'src')).join('|');
  const ofMap = new RegExp(`\`((?:${storeys})/[\\w/-]*(?:\\.ts)?)[\`:]`, 'g');
  const whole = /`((?:src|test|packages|bench|examples|bin|scripts(?=\/[\w-]+\.js))\/[\w/.-]+)`/g;
  return pages.flatMap((page) => {
    const text = textOf(page);
    const named = [...text.matchAll(whole)].map(([, path]) => path);
    if (page === MAP) named.push(...[...text.matchAll(ofMap)].map(([, path]) => `src/${path}`));
    return [...new Set(named)]
      .filter((path) => !existsSync(join(root, path)))
      .map((path) => `${page}: there is no ${path}`);
  });
}

/** How many files import each file; a face counts as several, since others import through it, and so does a lazy import, which a merge would undo. @param {readonly string[]} sources @returns {Map<string, number>} */
function importers(sources) {
  const counts = new Map();
  for (const path of sources) {
    const imported = textOf(path).matchAll(/(?:\bfrom\s+|\b(import\s*\(\s*)|^import\s+)'(\.[^']+)'/gm);
    const weights = new Map();
    for (const [, lazy, to] of imported) {
      const weight = lazy !== undefined || basename(path) === 'index.ts' ? 2 : 1;
      weights.set(relative(root, resolve(root, dirname(path), to ?? '')), weight);
    }
    for (const [target, weight] of weights) counts.set(target, (counts.get(target) ?? 0) + weight);
  }
  return counts;
}

/** @param {readonly string[]} sources @param {readonly string[]} tests @returns {string[]} one line a fault */
function faultsOf(sources, tests) {
  const counts = importers(sources);
  const folders = Map.groupBy([...sources, ...tests], (path) => dirname(path));
  const docs = [...filesIn('docs', /\.md$/), 'README.md'].filter((path) => !GENERATED.has(path));
  const texts = [
    ...[...sources, ...tests].map((path) => ({ path, text: commentsOf(textOf(path)).join('\n') })),
    ...docs.map((path) => ({ path, text: textOf(path) })),
  ];
  return [
    ...sources
      .filter((path) => linesOf(textOf(path)) > MAX_LINES)
      .map((path) => `${path}: has more than ${MAX_LINES} lines`),
    ...[...folders]
      .filter(([, files]) => files.length > MAX_FILES)
      .map(([folder, files]) => `${folder}: has ${files.length} files, more than ${MAX_FILES}`),
    ...sources
      .filter((path) => linesOf(textOf(path)) < MIN_LINES && basename(path) !== 'index.ts' && counts.get(path) === 1)
      .map((path) => `${path}: has fewer than ${MIN_LINES} lines and one importer: merge them`),
    ...lostPaths(docs),
    ...texts.flatMap(({ path, text }) =>
      [...text.matchAll(BANNED)].map(([word]) => `${path}: "${word}" has a plainer word`),
    ),
  ];
}

const sources = [...filesIn('src', /\.tsx?$/), ...filesIn('packages/fleet/src', /\.tsx?$/)];
const tests = [...filesIn('test', /\.tsx?$/), ...filesIn('packages/fleet/test', /\.tsx?$/)];
const faults = faultsOf(sources, tests);
if (process.argv.includes('--report')) {
  const sizes = sources.map((path) => linesOf(textOf(path))).sort((a, b) => a - b);
  const at = (share) => sizes[Math.min(sizes.length - 1, Math.floor(share * sizes.length))];
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const testLines = tests.reduce((sum, path) => sum + linesOf(textOf(path)), 0);
  console.log(`${sizes.length} files, ${total} lines: median ${at(0.5)}, p90 ${at(0.9)}, longest ${at(1)}`);
  console.log(`${testLines} lines of tests, ${(testLines / total).toFixed(2)} per line of source`);
}
for (const fault of faults) console.error(fault);
process.exitCode = faults.length > 0 ? 1 : 0;
