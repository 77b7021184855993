import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { reasonOf } from '../../util/index.ts';
import { ExecPolicy, type FileRules, type PrefixRule, rulesOf } from './exec-policy.ts';
import type { HostRule } from './host-rule.ts';
import { RuleFault, readCalls } from './read-calls.ts';

export interface LoadedRules {
  readonly policy: ExecPolicy;
  readonly hosts: readonly HostRule[];
  /** One for each file that could not be read whole, with its place. */
  readonly warnings: readonly string[];
}

/**
 * The rules of every `*.rules` file in directories, lowest layer first. If one file is wrong nothing is allowed by any: an
 * allowance may have been meant to be narrowed there. What asks or forbids stays in force.
 */
export function loadRules(dirs: readonly string[]): LoadedRules {
  return combine(dirs.flatMap(filesIn).map((path) => ({ path, ...readRules(path) })));
}

/** The same for named files. */
export function loadRuleFiles(paths: readonly string[]): LoadedRules {
  return combine(paths.map((path) => ({ path, ...readRules(path) })));
}

function combine(files: readonly (FileRules & { readonly path: string })[]): LoadedRules {
  const faults = files.filter(({ fault }) => fault !== null);
  const mayAllow = ({ decision }: PrefixRule | HostRule) => faults.length === 0 || decision !== 'allow';
  const rules = files.flatMap((file) => file.rules).filter(mayAllow);
  const hosts = files.flatMap((file) => file.hosts).filter(mayAllow);
  const programs = new Map(files.flatMap((file) => [...file.programs]));
  const warnings = faults.map(
    ({ path, fault }) =>
      `${path}:${fault?.line ?? 0}: ${fault?.message ?? ''}. Until it is mended no rule allows anything.`,
  );
  return { policy: new ExecPolicy(rules, programs), hosts, warnings };
}

function readRules(path: string): FileRules {
  try {
    return rulesOf(readCalls(readFileSync(path, 'utf8')));
  } catch (error) {
    const fault = error instanceof RuleFault ? error : new RuleFault(reasonOf(error), 0);
    return { rules: [], programs: new Map(), hosts: [], fault };
  }
}

function filesIn(dir: string): string[] {
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.rules'))
      .map((entry) => join(dir, entry.name))
      .sort();
  } catch {
    // No directory: no rules.
    return [];
  }
}
