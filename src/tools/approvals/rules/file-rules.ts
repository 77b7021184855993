import { isAbsolute } from 'node:path';
import { splitWords } from '../shell/shell-words.ts';
import { baseName } from '../shell/words.ts';
import { DECISIONS, type RuleDecision } from './decision.ts';
import { fits, type PrefixRule } from './exec-policy.ts';
import { type HostRule, hostRule } from './host-rule.ts';
import { type RuleCall, RuleFault, type RuleValue } from './read-calls.ts';

export interface FileRules {
  readonly rules: readonly PrefixRule[];
  readonly programs: ReadonlyMap<string, readonly string[]>;
  readonly hosts: readonly HostRule[];
  /** The first fault; the rules before it are kept. */
  readonly fault: RuleFault | null;
}

/** The rules of one file's calls; the first faulty call is reported. */
export function rulesOf(calls: readonly RuleCall[]): FileRules {
  const rules: PrefixRule[] = [];
  const programs = new Map<string, readonly string[]>();
  const hosts: HostRule[] = [];
  let fault: RuleFault | null = null;
  for (const call of calls) {
    try {
      if (call.name === 'prefix_rule') rules.push(prefixRule(call));
      else if (call.name === 'host_executable') programs.set(...hostExecutable(call));
      else if (call.name === 'network_rule') hosts.push(hostRule(call));
      else throw new RuleFault(`unknown rule ${call.name}`, call.line);
    } catch (error) {
      if (!(error instanceof RuleFault)) throw error;
      fault ??= error;
    }
  }
  return { rules, programs, hosts, fault };
}

function prefixRule(call: RuleCall): PrefixRule {
  const known = ['pattern', 'decision', 'justification', 'match', 'not_match'];
  for (const name of call.arguments.keys()) {
    if (!known.includes(name)) throw new RuleFault(`prefix_rule has no argument ${name}`, call.line);
  }
  const rule: PrefixRule = {
    pattern: patternOf(call.arguments.get('pattern'), call.line),
    decision: decisionOf(call.arguments.get('decision') ?? 'allow', call.line),
    justification: justificationOf(call.arguments.get('justification'), call.line),
  };
  checkExamples(call, rule);
  return rule;
}

function patternOf(value: RuleValue | undefined, line: number): string[][] {
  if (value === undefined || typeof value === 'string' || value.length === 0) {
    throw new RuleFault('pattern has to be a list of words that is not empty', line);
  }
  return value.map((part) => {
    const words = typeof part === 'string' ? [part] : strings(part, line);
    if (words.length === 0 || words.includes('')) throw new RuleFault('a word of a pattern is empty', line);
    return words;
  });
}

function decisionOf(value: RuleValue, line: number): RuleDecision {
  const found = DECISIONS.find((decision) => decision === value);
  if (!found) throw new RuleFault(`decision has to be one of ${DECISIONS.join(', ')}`, line);
  return found;
}

function justificationOf(value: RuleValue | undefined, line: number): string | null {
  if (value === undefined) return null;
  if (typeof value !== 'string' || value.trim() === '') throw new RuleFault('justification is blank', line);
  return value;
}

/** Examples are checked against their own rule only. */
function checkExamples(call: RuleCall, rule: PrefixRule): void {
  for (const [name, wanted] of [
    ['match', true],
    ['not_match', false],
  ] as const) {
    const examples = call.arguments.get(name) ?? [];
    if (typeof examples === 'string') throw new RuleFault(`${name} has to be a list`, call.line);
    for (const example of examples) {
      const words = typeof example === 'string' ? (splitWords(example) ?? []) : strings(example, call.line);
      if (words.length === 0) throw new RuleFault(`an example in ${name} is empty`, call.line);
      if (fits(rule.pattern, words) !== wanted) {
        throw new RuleFault(
          `the example "${words.join(' ')}" ${wanted ? 'does not match' : 'matches'} its rule`,
          call.line,
        );
      }
    }
  }
}

function hostExecutable(call: RuleCall): [string, readonly string[]] {
  const name = call.arguments.get('name');
  const paths = strings(call.arguments.get('paths') ?? [], call.line);
  if (typeof name !== 'string' || name === '' || name.includes('/'))
    throw new RuleFault('name has to be a bare name', call.line);
  const wrong = paths.find((path) => !isAbsolute(path) || baseName(path) !== name);
  if (wrong !== undefined) throw new RuleFault(`${wrong} is not a full path of ${name}`, call.line);
  return [name, [...new Set(paths)]];
}

function strings(value: RuleValue, line: number): string[] {
  if (typeof value === 'string') throw new RuleFault('a list of words is expected', line);
  return value.map((item) => {
    if (typeof item !== 'string') throw new RuleFault('a word is expected', line);
    return item;
  });
}
