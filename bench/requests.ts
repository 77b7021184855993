// `npm run bench:requests`: what keel sends, in bytes: the first request of each family of models, and what each kind of step adds to
// the next one. `--before DIR` measures the checkout in DIR as well, built, and prints both. The last figures are in requests.md.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  customCall,
  functionCall,
  message,
  type RecordedRequest,
  respond,
  startModelServer,
} from '../src/testing/index.ts';

type Wire = 'responses' | 'chat' | 'anthropic';

/** A model of each family, on the API that it is used with. */
const FAMILIES: readonly (readonly [name: string, model: string, wire: Wire])[] = [
  ['GPT-5 Codex', 'gpt-5-codex', 'responses'],
  ['GPT-5.1 Codex', 'gpt-5.1-codex', 'responses'],
  ['GPT-5', 'gpt-5', 'responses'],
  ['o3', 'o3', 'responses'],
  ['Claude', 'claude-sonnet-4-5', 'anthropic'],
  ['gpt-oss, local', 'gpt-oss:20b', 'chat'],
  ['Qwen3 Coder', 'qwen3-coder', 'chat'],
  ['Gemini', 'gemini-2.5-pro', 'chat'],
  ['any other, chat', 'somebody-elses-model', 'chat'],
];

const AGENTS_MD = `# Working here\n\n${'- Run `npm test` before you finish.\n'.repeat(8)}`;
const BEFORE = 'one\ntwo\nthree\n';
const PATCH = '*** Begin Patch\n*** Update File: a.txt\n@@\n-two\n+2\n*** End Patch\n';
const COMMANDS = ['cat a.txt', 'ls nowhere', 'seq 1 5000', 'sleep 0.1; exit 3'];
const COLUMNS = ['first', 'with AGENTS.md', 'cat', 'failure', '5,000 lines', 'exit 3', 'edit'];

/** Bytes, in the order of the columns. */
async function figures(keel: string, model: string, wire: Wire): Promise<readonly number[]> {
  const { requests } = await run(keel, model, wire, {});
  const sizes = requests.map(({ text }) => Buffer.byteLength(text));
  const steps = sizes.slice(1).map((size, at) => size - (sizes[at] ?? 0));
  const withDoc = await run(keel, model, wire, { 'AGENTS.md': AGENTS_MD });
  return [sizes[0] ?? 0, Buffer.byteLength(withDoc.requests[0]?.text ?? ''), ...steps];
}

async function run(keel: string, model: string, wire: Wire, files: Readonly<Record<string, string>>) {
  const place = mkdtempSync(join(tmpdir(), 'keel-bench-'));
  const [home, repo] = [join(place, 'home'), join(place, 'repo')];
  mkdirSync(home);
  mkdirSync(repo);
  for (const [name, text] of Object.entries({ 'a.txt': BEFORE, ...files })) writeFileSync(join(repo, name), text);
  let answered = 0;
  await using server = await startModelServer((request) => {
    answered += 1;
    return answer(request, answered - 1);
  });
  const url = wire === 'anthropic' ? server.url.replace(/\/v1$/, '') : server.url;
  const lines = [`model = "${model}"`, 'model_provider = "bench"', 'sandbox_mode = "workspace-write"'];
  const provider = ['[model_providers.bench]', 'name = "bench"', `base_url = "${url}"`, `wire_api = "${wire}"`];
  writeFileSync(join(home, 'config.toml'), [...lines, ...provider, 'env_key = "BENCH_KEY"', ''].join('\n'));
  const argv = [
    join(keel, 'bin/keel.js'),
    'exec',
    '--full-auto',
    '--skip-git-repo-check',
    'Fix the failing test in src/duration.js and run the tests',
  ];
  const env = { PATH: process.env['PATH'], HOME: home, KEEL_HOME: home, BENCH_KEY: 'bench' };
  const child = spawn(process.execPath, argv, { cwd: repo, env, stdio: 'ignore' });
  try {
    const [code] = await once(child, 'exit');
    if (code !== 0) throw new Error(`keel in ${keel} ended with ${code} for ${model}`);
    return { requests: server.requests.filter(({ method }) => method === 'POST') };
  } finally {
    child.kill();
    rmSync(place, { recursive: true, force: true });
  }
}

function answer(request: RecordedRequest, index: number) {
  const id = `call_${index}`;
  const command = COMMANDS[index];
  if (command !== undefined) return respond(functionCall(runnerOf(request), commandFor(request, command), id));
  return index === COMMANDS.length ? respond(editOf(request, id)) : respond(message('done'));
}

function namesOf({ tools }: RecordedRequest): readonly string[] {
  return tools.map((tool) => /"name":"([^"]+)"/.exec(JSON.stringify(tool))?.[1] ?? '');
}

function runnerOf(request: RecordedRequest): string {
  const runners = ['exec_command', 'shell_command', 'shell'];
  return runners.find((name) => namesOf(request).includes(name)) ?? 'shell';
}

function commandFor(request: RecordedRequest, command: string): Record<string, unknown> {
  const runner = runnerOf(request);
  if (runner === 'exec_command') return { cmd: command };
  return { command: runner === 'shell' ? ['bash', '-c', command] : command };
}

function editOf(request: RecordedRequest, id: string) {
  if (!namesOf(request).includes('apply_patch'))
    return functionCall('edit_file', { file_path: 'a.txt', old_string: 'two', new_string: '2' }, id);
  const isFreeform = request.tools.some((tool) => tool['type'] === 'custom');
  return isFreeform ? customCall('apply_patch', PATCH, id) : functionCall('apply_patch', { input: PATCH }, id);
}

const { values } = parseArgs({ options: { before: { type: 'string' } } });
const rows: (readonly string[])[] = [
  ['family', ...COLUMNS],
  ['---', ...COLUMNS.map(() => '---:')],
];
for (const [name, model, wire] of FAMILIES) {
  const now = await figures(join(import.meta.dirname, '..'), model, wire);
  const before = values.before === undefined ? null : await figures(values.before, model, wire);
  rows.push([
    `${name} (${wire})`,
    ...now.map((bytes, at) => (before === null ? `${bytes}` : `${before[at]} → ${bytes}`)),
  ]);
}
process.stdout.write(rows.map((row) => `| ${row.join(' | ')} |\n`).join(''));
