import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type EnvironmentFacts, type environmentContext, renderInstructions } from '../../src/context/index.ts';
import type { ResponseItem } from '../../src/foundation/protocol/index.ts';
import { modelInfo } from '../../src/models/catalogue/index.ts';
import { offeredTools } from '../../src/tools/index.ts';

/** One model of every family that keel writes for, and one it does not know. */
export const MODELS = [
  'gpt-5-codex',
  'gpt-5.1-codex',
  'gpt-5',
  'o3',
  'gpt-4.1',
  'gpt-oss-120b',
  'claude-sonnet-4',
  'gemini-2.5-pro',
  'qwen3-coder',
  'glm-4.6',
  'somebody-else',
] as const;

export function instructionsFor(slug: string): string {
  const model = modelInfo(slug);
  return renderInstructions({ model, tools: offeredTools(model, null) });
}

export const workspaceWrite = {
  mode: 'workspace-write',
  network_access: false,
  exclude_tmpdir_env_var: false,
  exclude_slash_tmp: false,
} as const;

export const execFacts: EnvironmentFacts = {
  cwd: '/home/ada/projects/tide',
  approvalPolicy: 'never',
  sandboxPolicy: workspaceWrite,
  canAsk: false,
  sandboxEnforced: true,
};

export const startFacts: Parameters<typeof environmentContext>[1] = {
  shell: 'bash',
  os: 'linux x64',
  date: '2026-11-23',
  repository: { isRepository: true, branch: 'main', changed: 3, untracked: 1 },
  noteMark: 'keel:4b7e1c',
};

/** The text of a message that has one part. */
export function textOf(item: ResponseItem | null): string {
  if (item?.type !== 'message') throw new Error('not a message');
  const [part] = item.content;
  if (item.content.length !== 1 || part?.type !== 'input_text') throw new Error('not one text');
  return part.text;
}

/** An empty directory for one test, with its real path. */
export function temporaryDirectory(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'keel-context-')));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export function writeTree(root: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
}
