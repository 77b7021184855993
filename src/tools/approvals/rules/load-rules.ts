import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type PlaceJudge, readRegularFile } from '../../../foundation/files/index.ts';
import { isInside, reasonOf, type WriterLimits, writableByOthers } from '../../../foundation/util/index.ts';
import { ExecPolicy, type PrefixRule } from './exec-policy.ts';
import { type FileRules, rulesOf } from './file-rules.ts';
import type { HostRule } from './host-rule.ts';
import { RuleFault, readCalls } from './read-calls.ts';

/** Far more than rules need. */
const MAX_RULES_BYTES = 8 * 1024 * 1024;

export interface LoadedRules {
  readonly policy: ExecPolicy;
  readonly hosts: readonly HostRule[];
  /** One for each file that could not be read whole, with path and line. */
  readonly warnings: readonly string[];
}

/** A directory with files of rules. */
export interface RuleSource {
  readonly dir: string;
  /** Who may write there. @throws an error of the file system */
  readonly limits: () => WriterLimits;
  /** The project that the rules belong to: its rules can only ask and forbid. Null: rules of the user or the machine. */
  readonly project: string | null;
}

/**
 * The rules of every `*.rules` file in directories, lowest layer first. If one file is wrong nothing is allowed by any: an
 * allowance may have been meant to be narrowed there. What asks or forbids stays in force.
 */
export function loadRules(sources: readonly RuleSource[]): LoadedRules {
  return combine(sources.flatMap((source) => filesIn(source.dir).map((path) => sourceRules(source, path))));
}

/** The same for named files. */
export function loadRuleFiles(paths: readonly string[]): LoadedRules {
  return combine(paths.map((path) => ({ path, ...readRules(path), isCut: false })));
}

interface NamedRules extends FileRules {
  readonly path: string;
  /** Something that the file allows is left out. */
  readonly isCut: boolean;
}

function sourceRules({ limits, project }: RuleSource, path: string): NamedRules {
  const judge: PlaceJudge = ({ path: real }) =>
    project === null || isInside(real, project) ? null : 'it leads out of the project';
  const read = readRules(path, judge);
  const writers = writableByOthers(path, limits());
  // Rules that others may have written can make keel stricter only.
  const fault = read.fault ?? (writers === null ? null : new RuleFault(writers, 0));
  if (project === null) return { ...read, path, fault, isCut: false };
  const isStrict = ({ decision }: PrefixRule | HostRule) => decision !== 'allow';
  const rules = read.rules.filter(isStrict);
  const hosts = read.hosts.filter(isStrict);
  const isCut = rules.length < read.rules.length || hosts.length < read.hosts.length || read.programs.size > 0;
  return { path, rules, hosts, programs: new Map(), fault, isCut };
}

function combine(files: readonly NamedRules[]): LoadedRules {
  const faults = files.filter(({ fault }) => fault !== null);
  const mayAllow = ({ decision }: PrefixRule | HostRule) => faults.length === 0 || decision !== 'allow';
  const rules = files.flatMap((file) => file.rules).filter(mayAllow);
  const hosts = files.flatMap((file) => file.hosts).filter(mayAllow);
  const programs = new Map(files.flatMap((file) => [...file.programs]));
  const faulty = faults.map(
    ({ path, fault }) =>
      `${path}:${fault?.line ?? 0}: ${fault?.message ?? ''}. Until it is fixed no rule allows anything.`,
  );
  const cut = files
    .filter(({ isCut }) => isCut)
    .map(({ path }) => `${path}: what it allows is ignored. A project's rules can ask and forbid; your own can allow.`);
  return { policy: new ExecPolicy(rules, programs), hosts, warnings: [...faulty, ...cut] };
}

function readRules(path: string, judge?: PlaceJudge): FileRules {
  try {
    const options = { maxBytes: MAX_RULES_BYTES, ...(judge === undefined ? {} : { judge }) };
    return rulesOf(readCalls(readRegularFile(path, options).toString('utf8')));
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
