import type { ApprovalPolicy, ResponseItem, SandboxPolicy } from '../../foundation/protocol/index.ts';
import type { Budget } from '../../storage/config/index.ts';
import type { RepositoryFacts } from '../../system/git/index.ts';
import { contextMessage } from '../context-message.ts';
import { escaped } from '../escape.ts';
import { effectivePolicy, type RuleFacts, rules } from './rules.ts';

/** What the model is told of its surroundings, and again when it changes. */
export interface EnvironmentFacts extends RuleFacts {
  readonly cwd: string;
  /** Local date, `YYYY-MM-DD`, for a diff. Absent: not told again. */
  readonly date?: string;
}

/** What it is told once, when a thread begins. */
export interface StartFacts {
  /** Base name; null where it is not known, and left out. */
  readonly shell: string | null;
  /** Platform and architecture, such as `linux x64`. */
  readonly os: string;
  /** Local date, `YYYY-MM-DD`. */
  readonly date: string;
  /** Null: not known in time, and left out. */
  readonly repository: RepositoryFacts | null;
  readonly noteMark: string;
  /** What the user set as limits of a task. */
  readonly budget?: Budget;
}

/** What the model was told last. What is absent is not known any more, and taken as unchanged. */
export interface ToldFacts {
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

/** What differs from what the model was told last; null if nothing it needs to know does. */
export function environmentDiff(told: ToldFacts, facts: EnvironmentFacts): ResponseItem | null {
  const cwd = told.cwd === facts.cwd ? [] : cwdLine(facts);
  const approval = sameApproval(told, facts) ? [] : approvalLine(facts);
  const sandbox = sameSandbox(told.sandboxPolicy, facts.sandboxPolicy) ? [] : sandboxLines(facts);
  const date = sameDate(told, facts) || facts.date === undefined ? [] : [dateLine(facts.date)];
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
  const isOpened = policy.mode === 'workspace-write' && policy.network_access && allowedHosts === null;
  const isOpen = policy.mode === 'danger-full-access' || isOpened;
  const lines = [
    `  <sandbox_mode>${policy.mode}</sandbox_mode>`,
    `  <network_access>${isOpen ? 'enabled' : 'restricted'}</network_access>`,
  ];
  const roots = rootsOf(policy);
  if (roots.length === 0) return lines;
  const inner = roots.map((root) => `    <root>${escaped(root)}</root>`);
  return [...lines, '  <writable_roots>', ...inner, '  </writable_roots>'];
}

function budgetLines(budget: Budget | undefined): string[] {
  const { minutes = null, tokens = null } = budget ?? {};
  return [
    ...(minutes === null ? [] : [`  <time_limit>${minutes} minutes for each task</time_limit>`]),
    ...(tokens === null ? [] : [`  <budget>${tokens} tokens for each task</budget>`]),
  ];
}

function rulesLines(facts: EnvironmentFacts): string[] {
  return ['  <rules>', ...rules(facts).map((line) => `    ${line}`), '  </rules>'];
}

/** Whether somebody answers is part of what was told: the rules speak of it. */
function sameApproval(told: ToldFacts, facts: EnvironmentFacts): boolean {
  const canAsk = told.canAsk ?? facts.canAsk;
  return canAsk === facts.canAsk && effectivePolicy({ ...facts, ...told, canAsk }) === effectivePolicy(facts);
}

function sameDate(told: ToldFacts, facts: EnvironmentFacts): boolean {
  return told.date === undefined || told.date === facts.date;
}

/** Equal as far as the model is told: details that are no part of the context are not. */
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
