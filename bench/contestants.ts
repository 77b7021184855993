import { existsSync, globSync } from 'node:fs';
import { join } from 'node:path';

/** The measured programs. Each is started again for every sample. */
export interface Contestant {
  readonly name: 'keel' | 'floor' | 'codex';
  /** The command line that runs one prompt, or continues a thread. */
  command(work: Work): readonly string[];
}

export interface Work {
  readonly prompt: string;
  /** Id of a thread to resume. */
  readonly resume?: string;
  /** Further options of keel's. */
  readonly options?: readonly string[];
  /** Commands run in keel's sandbox. */
  readonly isSandboxed?: boolean;
}

const root = join(import.meta.dirname, '..');

const keel: Contestant = {
  name: 'keel',
  command: ({ prompt, resume, options = [], isSandboxed = false }) => [
    process.execPath,
    join(root, 'bin/keel.js'),
    'exec',
    '--json',
    '--skip-git-repo-check',
    ...(isSandboxed ? ['--sandbox', 'workspace-write'] : ['--yolo']),
    ...options,
    ...(resume === undefined ? [] : ['resume', resume]),
    prompt,
  ],
};

const floor: Contestant = { name: 'floor', command: () => [process.execPath, join(root, 'bench/floor.js')] };

/** keel, the floor, and the peer if a folder with it is named. */
export function contestants(peersDir: string | null): Contestant[] {
  const binary = peersDir === null ? undefined : findCodex(peersDir);
  if (peersDir !== null && binary === undefined) process.stderr.write(`no codex program below ${peersDir}\n`);
  return binary === undefined ? [keel, floor] : [keel, floor, codex(binary)];
}

function codex(binary: string): Contestant {
  return {
    name: 'codex',
    command: ({ prompt, resume }) => [
      binary,
      'exec',
      '--json',
      '--skip-git-repo-check',
      '--dangerously-bypass-approvals-and-sandbox',
      ...(resume === undefined ? [prompt] : ['resume', resume, prompt]),
    ],
  };
}

function findCodex(dir: string): string | undefined {
  const pattern = `node_modules/@openai/{codex,codex-sdk}/vendor/*linux-musl/codex/codex`;
  return globSync(pattern, { cwd: dir })
    .map((path) => join(dir, path))
    .find((path) => existsSync(path));
}
