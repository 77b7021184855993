import type { ApprovalPolicy, ResponseItem, SandboxPolicy } from '../../foundation/protocol/index.ts';
import type { Budget } from '../../storage/config/index.ts';
import type { RepositoryFacts } from '../../system/git/index.ts';
import { contextMessage } from '../context-message.ts';
import { escaped } from '../escape.ts';
import { effectivePolicy, type RuleFacts, rules } from './rules.ts';

/** Facts of the environment that the model gets at the start of a thread, and again when they change. */
export interface EnvironmentFacts extends RuleFacts {
  readonly cwd: string;
  /** Local date, `YYYY-MM-DD`, for a diff. Absent: the diff leaves the date out. */
  readonly date?: string;
}

/** Facts that the model gets once, at the start of a thread. */
export interface StartFacts {
  /** Base name; null: not known, and left out. */
  readonly shell: string | null;
  /** Platform and architecture, such as `linux x64`. */
  readonly os: string;
  /** Local date, `YYYY-MM-DD`. */
  readonly date: string;
  /** Null: not known in time, and left out. */
  readonly repository: RepositoryFacts | null;
  readonly noteMark: string;
  /** The user's limits for a task. */
  readonly budget?: Budget;
}

/** The facts that the model got last. An absent one is not known any more and counts as unchanged. */
export interface KnownFacts {
  readonly cwd: string;
  readonly approvalPolicy: ApprovalPolicy;
  readonly sandboxPolicy: SandboxPolicy;
  readonly canAsk?: boolean;
  readonly date?: string;
}

/** The whole context, for the start of a thread. */
export function environmentContext(facts: EnvironmentFacts, start: StartFacts): ResponseItem {
  return wrap([
    ...cwdLine(facts),
    ...approvalLine(facts),
    ...sandboxLines(facts),
    ...(start.shell === null ? [] : [`  <shell>${escaped(start.shell)}</shell>`]),
    `  <os>${escaped(start.os)}</os>`,
    dateLine(start.date),
    ...(start.repository === null ? [] : [`  <repository>${repositoryText(start.repository)}</repository>`]),
    `  <note_mark>${start.noteMark}</note_mark>`,
    ...budgetLines(start.budget),
    ...rulesLines(facts),
  ]);
}

/** The facts that differ from those the model got last; null if none does that it needs to know. */
export function environmentDiff(known: KnownFacts, facts: EnvironmentFacts): ResponseItem | null {
  const cwd = known.cwd === facts.cwd ? [] : cwdLine(facts);
  const approval = sameApproval(known, facts) ? [] : approvalLine(facts);
  const sandbox = sameSandbox(known.sandboxPolicy, facts.sandboxPolicy) ? [] : sandboxLines(facts);
  const date = sameDate(known, facts) || facts.date === undefined ? [] : [dateLine(facts.date)];
  const ruled = approval.length + sandbox.length > 0 ? rulesLines(facts) : [];
  const lines = [...cwd, ...approval, ...sandbox, ...date, ...ruled];
  return lines.length === 0 ? null : wrap(lines);
}

function wrap(lines: readonly string[]): ResponseItem {
  return contextMessage(['<environment_context>', ...lines, '</environment_context>'].join('\n'));
}

function cwdLine({ cwd }: EnvironmentFacts): string[] {
  return [`  <cwd>${escaped(cwd)}</cwd>`];
}

function approvalLine(facts: EnvironmentFacts): string[] {
  return [`  <approval_policy>${effectivePolicy(facts)}</approval_policy>`];
}

function dateLine(date: string): string {
  return `  <date>${escaped(date)}</date>`;
}

function sandboxLines({ sandboxPolicy: policy, allowedHosts = null }: EnvironmentFacts): string[] {
  const opensNetwork = policy.mode === 'workspace-write' && policy.network_access && allowedHosts === null;
  const hasNetwork = policy.mode === 'danger-full-access' || opensNetwork;
  const lines = [
    `  <sandbox_mode>${policy.mode}</sandbox_mode>`,
    `  <network_access>${hasNetwork ? 'enabled' : 'restricted'}</network_access>`,
  ];
  const roots = rootsOf(policy);
  if (roots.length === 0) return lines;
  const inner = roots.map((root) => `    <root>${escaped(root)}</root>`);
  return [...lines, '  <writable_roots>', ...inner, '  </writable_roots>'];
}

function budgetLines(budget: Budget | undefined): string[] {
  const { minutes = null, tokens = null, cost = null } = budget ?? {};
  return [
    ...(minutes === null ? [] : [`  <time_limit>${minutes} minutes for each task</time_limit>`]),
    ...(tokens === null ? [] : [`  <budget>${tokens} tokens for each task</budget>`]),
    ...(cost === null ? [] : [`  <budget>${cost} US dollars for each task</budget>`]),
  ];
}

function rulesLines(facts: EnvironmentFacts): string[] {
  return ['  <rules>', ...rules(facts).map((line) => `    ${line}`), '  </rules>'];
}

/** Compares whether somebody answers as well: the rules mention it. */
function sameApproval(known: KnownFacts, facts: EnvironmentFacts): boolean {
  const canAsk = known.canAsk ?? facts.canAsk;
  return canAsk === facts.canAsk && effectivePolicy({ ...facts, ...known, canAsk }) === effectivePolicy(facts);
}

function sameDate(known: KnownFacts, facts: EnvironmentFacts): boolean {
  return known.date === undefined || known.date === facts.date;
}

/** Compares only those details that the context shows. */
function sameSandbox(a: SandboxPolicy, b: SandboxPolicy): boolean {
  const networkOf = (policy: SandboxPolicy) => policy.mode === 'workspace-write' && policy.network_access;
  return a.mode === b.mode && networkOf(a) === networkOf(b) && rootsOf(a).join('\0') === rootsOf(b).join('\0');
}

function rootsOf(policy: SandboxPolicy): readonly string[] {
  return policy.mode === 'workspace-write' ? (policy.writable_roots ?? []) : [];
}

function repositoryText(facts: RepositoryFacts): string {
  if (!facts.isRepository) return 'not a git repository';
  return `${escaped(facts.branch, 100)}; ${facts.changed} changed, ${facts.untracked} untracked before this thread`;
}
