// Lint: imports go down the list of floors only, other floors are reached through their face (index.ts), surfaces do
// not know each other, commands write by src/cli/output.ts, and the turn loop touches the world through its steps alone. See docs/architecture.md.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const surfaces = ['exec', 'sdk', 'export', 'replay'];
const floors = [
  'cli',
  'demo',
  ...surfaces,
  'testing',
  'local',
  'session',
  'tasks',
  'turn',
  'steps',
  'history',
  'tools',
  'context',
  'approvals',
  'sandbox',
  'git',
  'process',
  'patch',
  'model',
  'mcp',
  'rollout',
  'config',
  'network',
  'protocol',
  'secrets',
  'files',
  'util',
];
/** What the turn loop may not name: time, chance, the world, and un-journaled concurrency (docs/architecture.md, steps). */
const bannedInTurn = [
  /\bnew Date\b|\bDate\.now\b|\bperformance\.now\b/,
  /\bMath\.random\b|\brandomUUID\b|\bcrypto\./,
  /from 'node:/,
  /\bfetch\(/,
  /\bset(?:Timeout|Interval|Immediate)\(/,
  /\bPromise\.(?:all|allSettled|race|any)\b/,
];

/** A program that is started elsewhere might get descriptors that it is not meant to have (src/process/descriptors.ts). */
const starters = ['process/start-program.ts', 'process/confined/worker.ts'];
const startsPrograms = /^import (?!type\b)[^;]*from 'node:child_process'/m;

/** @param {string} dir @returns {string[]} */
function sourceFiles(dir) {
  return readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** @param {string} text @returns {string[]} */
function importsOf(text) {
  const found = text.matchAll(/(?:\bfrom\s+|\bimport\s*\(\s*|^import\s+)'([^']+)'/gm);
  return [...found].map((match) => match[1] ?? '').filter((name) => name.startsWith('.') && name.endsWith('.ts'));
}

/**
 * Checks a source tree.
 * @param {string} root its `src` directory
 * @returns {string[]} one line a fault
 */
export function floorFaults(root) {
  const faults = [];
  for (const file of sourceFiles(root)) {
    const name = relative(root, file);
    const text = readFileSync(file, 'utf8');
    const from = name.split(sep)[0] ?? '';
    if (!floors.includes(from)) faults.push(`${name}: "${from}" is not a floor`);
    if (startsPrograms.test(text) && !starters.includes(name.split(sep).join('/'))) {
      faults.push(`${name}: programs are started by process/start-program.ts`);
    }
    for (const target of importsOf(text)) {
      const path = relative(root, resolve(dirname(file), target));
      const to = path.split(sep)[0] ?? '';
      if (to === from || to === '..') continue;
      if (floors.indexOf(to) < floors.indexOf(from)) faults.push(`${name}: imports up, from ${to}`);
      if (surfaces.includes(to) && surfaces.includes(from)) faults.push(`${name}: a surface imports the surface ${to}`);
      if (path !== join(to, 'index.ts')) faults.push(`${name}: reaches behind the face of ${to} (${path})`);
    }
    if (from === 'cli' && name !== join('cli', 'output.ts') && /\bstd(?:out|err)\.write\(/.test(text)) {
      faults.push(`${name}: writes to a terminal without src/cli/output.ts`);
    }
    if (!['util', 'testing'].includes(from) && /\bJSON\.parse\(/.test(text)) {
      faults.push(`${name}: parses JSON without a bound: use readJson or parseJson of util`);
    }
    if (from === 'turn') {
      for (const [index, line] of text.split('\n').entries()) {
        const banned = bannedInTurn.find((pattern) => pattern.test(line));
        if (banned) faults.push(`${name}:${index + 1}: not allowed between steps: ${line.trim()}`);
      }
    }
  }
  return faults;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const faults = floorFaults(resolve(import.meta.dirname, '../src'));
  for (const fault of faults) console.error(fault);
  process.exitCode = faults.length > 0 ? 1 : 0;
}
