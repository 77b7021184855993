import type { RateLimitWindow } from '../../../../foundation/protocol/index.ts';
import { dollars, windowLeft } from '../../figures.ts';
import type { Candidate } from '../../message.ts';
import { modeLabel } from '../../modes.ts';
import type { State } from '../../state.ts';
import { type Entry, withEntry } from '../../transcript/index.ts';
import { withNotice } from '../step.ts';

export type Facts = (readonly [string, string])[];

export function statusCard(state: State): State {
  const { thread, setup, branch, usage } = state;
  if (thread === null) return withNotice(state, 'info', 'No thread is open.');
  const { settings } = thread;
  const left = windowLeft(usage);
  const facts: Facts = [
    ['Version', setup?.version ?? ''],
    ['Model', `${settings.model}${settings.effort === null ? '' : ` (${settings.effort})`}`],
    ['Provider', setup?.provider ?? ''],
    ['Directory', settings.cwd],
    ...(branch === null ? [] : ([['Branch', branch]] as const)),
    ['Mode', modeLabel(settings)],
    ['Sandbox', settings.sandboxPolicy.mode],
    ['Asks', settings.approvalPolicy],
    ['Thread', thread.name === null ? thread.id : `${thread.name} (${thread.id})`],
    ['Window', left === null ? 'known with the next request' : `${left}% left`],
    ['Tokens', tokens(state)],
    ...costFact(state),
  ];
  return withCard(state, 'Status', facts);
}

export function usageCard(state: State): State {
  const total = state.usage.info?.total_token_usage;
  const limits = state.usage.rateLimits;
  const facts: Facts = [
    ['Input', figure(total?.input_tokens)],
    ['Of it cached', figure(total?.cached_input_tokens)],
    ['Output', figure(total?.output_tokens)],
    ['Of it reasoning', figure(total?.reasoning_output_tokens)],
    ...costFact(state),
    ...limitFact('Limit', limits?.primary ?? null),
    ...limitFact('Second limit', limits?.secondary ?? null),
  ];
  return withCard(state, 'Usage of this thread', facts);
}

export function skillsCard(state: State, skills: readonly Candidate[]): State {
  if (skills.length === 0)
    return withNotice(state, 'info', 'No skills are here. `keel skills --help` says where they are looked for.');
  return withCard(
    state,
    'Skills: name one with $',
    skills.map(({ text, detail }) => [text, detail]),
  );
}

export function withCard(state: State, title: string, facts: Facts): State {
  const entry: Entry = { type: 'card', title, facts };
  return { ...state, transcript: withEntry(state.transcript, entry) };
}

function costFact({ usage: { cost } }: State): Facts {
  return cost === null || cost === 0 ? [] : [['Cost since opened', dollars(cost)]];
}

function limitFact(label: string, limit: RateLimitWindow | null): Facts {
  if (limit === null) return [];
  const reset = limit.resets_at === null ? '' : `, resets ${new Date(limit.resets_at * 1_000).toLocaleString()}`;
  return [[label, `${Math.round(limit.used_percent)}% used${reset}`]];
}

function tokens({ usage }: State): string {
  const total = usage.info?.total_token_usage;
  if (total === undefined) return 'none yet';
  const fresh = total.input_tokens - total.cached_input_tokens;
  return `${figure(fresh)} input + ${figure(total.cached_input_tokens)} cached, ${figure(total.output_tokens)} output`;
}

function figure(value: number | undefined): string {
  return (value ?? 0).toLocaleString('en-US');
}
