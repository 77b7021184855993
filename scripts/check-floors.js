// Lint: a listing of src/ is the architecture. Imports go down the storeys and, within a storey, down its rooms; another room is
// reached through its face (index.ts); no files import each other in a circle, not even types. Besides: surfaces do not know
// each other and open threads by engine/threads, commands write by surfaces/cli/output.ts, and the turn loop touches the world
// through its steps alone. See docs/architecture.md.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The storeys, top down, each with its rooms, top down. An empty name is what lies in the storey itself, in no room of its own. */
const storeys = {
  surfaces: [
    'cli',
    'demo',
    'tui',
    'exec',
    'sdk',
    'mcp-server',
    'app-server',
    'acp',
    'export',
    'replay',
    'file-search',
    'prompts',
    'text',
  ],
  testing: [''],
  engine: ['embedding', 'fleet', 'threads', 'telemetry', 'session', 'turn', 'steps'],
  tools: ['', 'router', 'custom', 'mcp', 'builtin', 'host', 'hooks', 'contract', 'orchestrator', 'approvals', 'patch'],
  context: ['history', ''],
  models: [
    'conformance',
    'local',
    'auth',
    'client',
    'wires/responses',
    'wires/chat',
    'wires/anthropic',
    'wires',
    'catalogue',
    'failures',
    'prompt',
    'json',
    'mcp',
    'sign-in',
  ],
  storage: ['threads', 'rollout', 'config', 'plugins', 'config/layers'],
  system: ['sandbox', 'git', 'process', 'network'],
  foundation: ['protocol', 'secrets', 'files', 'util'],
};
const rooms = Object.entries(storeys).flatMap(([storey, names]) => names.map((name) => join(storey, name)));
/** Surfaces that may not import each other; the command line and the demo use them all. */
const separate = ['exec', 'sdk', 'mcp-server', 'app-server', 'acp', 'export', 'replay', 'tui'].map((name) =>
  join('surfaces', name),
);

/** What the turn loop may not name: time, chance, the world, and un-journaled concurrency (docs/architecture.md, steps). */
const bannedInTurn = [
  /\bnew Date\b|\bDate\.now\b|\bperformance\.now\b/,
  /\bMath\.random\b|\brandomUUID\b|\bcrypto\./,
  /from 'node:/,
  /\bfetch\(/,
  /\bset(?:Timeout|Interval|Immediate)\(/,
  /\bPromise\.(?:all|allSettled|race|any)\b/,
];

/** A program that is started elsewhere might get descriptors that it is not meant to have (src/system/process/start/descriptors.ts). */
const starters = ['system/process/start/start-program.ts', 'system/process/confined/worker.ts'];
const startsPrograms = /^import (?!type\b)[^;]*from 'node:child_process'/m;

/** @param {string} dir @returns {string[]} */
function sourceFiles(dir) {
  return readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** @param {string} text @returns {{ path: string, isLazy: boolean }[]} */
function importsOf(text) {
  const found = text.matchAll(/(?:\bfrom\s+|(\bimport\s*\(\s*)|^import\s+)'(\.[^']+\.ts)'/gm);
  return [...found].map(([, lazy, path]) => ({ path: path ?? '', isLazy: lazy !== undefined }));
}

/** The room that a file is in: the one whose path is the longest. @param {string} name @returns {string | undefined} */
function roomOf(name) {
  return rooms.filter((room) => name.startsWith(room + sep)).sort((a, b) => b.length - a.length)[0];
}

/**
 * Checks a source tree.
 * @param {string} root its `src` directory
 * @returns {string[]} one line a fault
 */
export function floorFaults(root) {
  const faults = [];
  /** @type {Map<string, string[]>} */
  const graph = new Map();
  for (const file of sourceFiles(root)) {
    const name = relative(root, file);
    const text = readFileSync(file, 'utf8');
    const from = roomOf(name);
    if (from === undefined) {
      faults.push(`${name}: is in no room of a storey`);
      continue;
    }
    const imported = importsOf(text).map(({ path, isLazy }) => ({
      path: relative(root, resolve(dirname(file), path)),
      isLazy,
    }));
    graph.set(
      name,
      imported.flatMap(({ path, isLazy }) => (isLazy ? [] : path)),
    );
    if (startsPrograms.test(text) && !starters.includes(name.split(sep).join('/'))) {
      faults.push(`${name}: programs are started by system/process/start/start-program.ts`);
    }
    for (const { path } of imported) {
      const to = roomOf(path);
      if (to === from || to === undefined) continue;
      if (rooms.indexOf(to) < rooms.indexOf(from)) faults.push(`${name}: imports up, from ${to}`);
      if (separate.includes(to) && separate.includes(from)) faults.push(`${name}: a surface imports the surface ${to}`);
      if (path !== join(to, 'index.ts')) faults.push(`${name}: reaches behind the face of ${to} (${path})`);
    }
    if (from.startsWith('surfaces') && /\bopenSession\b/.test(text)) {
      faults.push(`${name}: opens a session itself: surfaces open threads by engine/threads`);
    }
    if (from === join('surfaces', 'cli') && !name.endsWith('output.ts') && /\bstd(?:out|err)\.write\(/.test(text)) {
      faults.push(`${name}: writes to a terminal without surfaces/cli/output.ts`);
    }
    if (!['foundation/util', 'testing'].includes(from.split(sep).join('/')) && /\bJSON\.parse\(/.test(text)) {
      faults.push(`${name}: parses JSON without a bound: use readJson or parseJson of util`);
    }
    if (from === join('engine', 'turn')) {
      for (const [index, line] of text.split('\n').entries()) {
        const banned = bannedInTurn.find((pattern) => pattern.test(line));
        if (banned) faults.push(`${name}:${index + 1}: not allowed between steps: ${line.trim()}`);
      }
    }
  }
  return [...faults, ...circles(graph)];
}

/** Files that import each other in a circle (Tarjan's strongly connected components). @param {Map<string, string[]>} graph */
function circles(graph) {
  /** @type {string[]} */
  const faults = [];
  /** @type {string[]} */
  const path = [];
  const state = new Map();
  /** @param {string} name @returns {number} */
  const visit = (name) => {
    const known = state.get(name);
    if (known !== undefined) return known.isDone ? Number.POSITIVE_INFINITY : known.at;
    const own = { at: state.size, isDone: false };
    state.set(name, own);
    path.push(name);
    const lowest = Math.min(own.at, ...(graph.get(name) ?? []).map(visit));
    if (lowest === own.at) {
      const members = path.splice(path.indexOf(name));
      for (const member of members) state.get(member).isDone = true;
      if (members.length > 1) faults.push(`import each other in a circle: ${members.join(', ')}`);
    }
    return lowest;
  };
  for (const name of graph.keys()) visit(name);
  return faults;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const faults = floorFaults(resolve(import.meta.dirname, '../src'));
  for (const fault of faults) console.error(fault);
  process.exitCode = faults.length > 0 ? 1 : 0;
}
