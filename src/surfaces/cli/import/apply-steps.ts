import { cpSync, existsSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { KeelError } from '../../../foundation/protocol/index.ts';
import { reasonOf } from '../../../foundation/util/index.ts';
import { readHomeFile, recordTable, valueAt } from '../../../storage/config/index.ts';
import type { ImportStep } from './step.ts';

/** What became of a step. */
export interface ImportLine {
  readonly state: 'added' | 'kept' | 'not taken';
  readonly text: string;
}

/**
 * Takes the steps, or only says what they would do. What is there already stays as it is.
 * @throws KeelError `storageFailed`
 */
export async function applySteps(
  steps: readonly ImportStep[],
  { home, isDry }: { readonly home: string; readonly isDry: boolean },
): Promise<ImportLine[]> {
  const lines: ImportLine[] = [];
  for (const step of steps) {
    try {
      lines.push(await applyStep(step, home, isDry));
    } catch (cause) {
      if (cause instanceof KeelError) throw cause;
      throw new KeelError('storageFailed', `${home} can't be written: ${reasonOf(cause)}`, { cause });
    }
  }
  return lines;
}

async function applyStep(step: ImportStep, home: string, isDry: boolean): Promise<ImportLine> {
  if (step.type === 'left') return { state: 'not taken', text: `${step.what}: ${step.why}` };
  if (step.type === 'setting') return await addSetting(step, home, isDry);
  const target = join(home, step.to);
  if (existsSync(target))
    return { state: 'kept', text: `${step.to}: there is one already; ${step.from} was not taken` };
  if (!isDry) {
    mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
    if (step.type === 'file') writeFileSync(target, step.text, { mode: 0o600, flag: 'wx' });
    else cpSync(step.from, target, { recursive: true, filter: (path) => !lstatSync(path).isSymbolicLink() });
  }
  return { state: 'added', text: `${step.to}, from ${step.from}` };
}

async function addSetting(
  { path, table }: Extract<ImportStep, { type: 'setting' }>,
  home: string,
  isDry: boolean,
): Promise<ImportLine> {
  const { parse, stringify } = await import('smol-toml');
  const name = path.join('.');
  const before = readHomeFile(home, 'config.toml') ?? '';
  if (valueAt(parse(before), path) !== undefined) {
    return { state: 'kept', text: `${name}: config.toml has it already` };
  }
  const toml = stringify({ [path[0]]: { [path[1]]: table } });
  // A table that was started in another way (`mcp_servers = {...}`) can't be continued by lines of its own.
  if (!parses(parse, `${before}\n${toml}`)) {
    return { state: 'not taken', text: `${name}: write it into config.toml by hand:\n${toml}` };
  }
  if (!isDry) await recordTable(home, { path, table });
  return { state: 'added', text: `${name} in config.toml` };
}

function parses(parse: (text: string) => unknown, text: string): boolean {
  try {
    parse(text);
    return true;
  } catch {
    // The caller says what to do.
    return false;
  }
}
