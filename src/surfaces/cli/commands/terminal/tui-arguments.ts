import type { ThreadOrigin } from '../../../../engine/session/index.ts';
import type { ApprovalPolicy } from '../../../../foundation/protocol/index.ts';
import type { ConfigFlags } from '../../../../storage/config/index.ts';
import { readCommandLine } from '../../command-line.ts';
import type { CommandSpec, OptionSpecs } from '../../command-spec.ts';
import {
  choiceOf,
  countOf,
  fleetUrl,
  imagesOf,
  isUnbounded,
  labelOf,
  overridesOf,
  sessionFlags,
  worktreeOf,
} from '../../session-options.ts';
import { accessOptions, modelOptions, sessionHeadings, settingOptions, threadOptions } from '../../session-specs.ts';
import { UsageError } from '../../usage.ts';

// Not read from the protocol's schemas, which a start would have to wait for.
const APPROVAL_POLICIES: readonly ApprovalPolicy[] = ['untrusted', 'on-failure', 'on-request', 'never'];

const terminalOptions = {
  ...modelOptions,
  demo: { type: 'boolean', about: 'a scripted model on a small project: no key, no network' },
  ...accessOptions,
  'ask-for-approval': {
    ...{ type: 'string', short: 'a', value: 'POLICY', choices: APPROVAL_POLICIES },
    about: 'when you are asked: untrusted, on-failure, on-request or never',
  },
  ...threadOptions,
  'screen-reader': { type: 'boolean', about: 'only add lines, for a screen reader; the cursor is never moved' },
  ...settingOptions,
} as const satisfies OptionSpecs;

const resumeOptions = {
  fleet: { type: 'string', value: 'URL', about: 'THREAD is one of the fleet at URL; its token is in KEEL_FLEET_TOKEN' },
  last: { type: 'boolean', about: 'the newest thread of this directory' },
  all: { type: 'boolean', about: 'with --last: of any directory' },
} as const satisfies OptionSpecs;

const { fleet: _, ...ofThisMachine } = resumeOptions;
const forkOptions = {
  ...ofThisMachine,
  at: { type: 'string', value: 'N', about: 'keep the first N of your messages and what came of them' },
} as const satisfies OptionSpecs;

const hidden = {
  fleet: { type: 'string' },
  last: { type: 'boolean' },
  all: { type: 'boolean' },
  at: { type: 'string' },
} as const;

/** `keel`, `keel resume` and `keel fork`, which all know the same options; those that are not theirs are refused in words. */
export const terminalSpecs = {
  new: {
    usage: ['[options] [PROMPT]'],
    about: ['Open keel in this terminal, with PROMPT as the first message. `keel help` lists the commands.'],
    options: { ...terminalOptions, ...hidden },
    headings: { ...sessionHeadings, name: 'The thread' },
  },
  resume: {
    usage: ['resume [options] [THREAD | --last] [PROMPT]'],
    about: [
      'Continue a recorded thread in this terminal. THREAD is an id or a name; without one, choose from a list. Scripts use `keel exec resume`.',
    ],
    options: { ...hidden, ...resumeOptions, ...terminalOptions },
    headings: { ...sessionHeadings, name: 'The thread' },
  },
  fork: {
    usage: ['fork [options] [THREAD | --last] [PROMPT]'],
    about: [
      'Start a new thread in this terminal as a copy of another one. THREAD is an id or a name; without one, choose from a list. Scripts use `keel exec fork`.',
    ],
    options: { ...hidden, ...forkOptions, ...terminalOptions },
    headings: { ...sessionHeadings, name: 'The thread' },
  },
} as const satisfies Readonly<Record<string, CommandSpec>>;

type Given = ReturnType<typeof readCommandLine<typeof terminalSpecs.fork.options>>['values'];

/** Which thread the terminal opens. `choose`: the user is shown a list. */
export type TuiTarget =
  | ThreadOrigin
  | { readonly type: 'choose'; readonly verb: 'resume' | 'fork' }
  | { readonly type: 'fleet'; readonly url: string; readonly id: string };

/** What `keel`, `keel resume` or `keel fork` was asked for in a terminal, before configuration is read. */
export interface TuiArguments {
  readonly target: TuiTarget;
  readonly prompt: string | null;
  readonly images: readonly string[];
  readonly isDemo: boolean;
  /** Lines are only ever added. */
  readonly isForScreenReader: boolean;
  readonly cd: string | null;
  readonly worktree: ReturnType<typeof worktreeOf>;
  readonly overrides: readonly string[];
  /** Paths in it are as they were given. */
  readonly flags: ConfigFlags;
  readonly strictConfig: boolean;
}

/** @throws UsageError, HelpRequested */
export function parseTuiArguments(verb: keyof typeof terminalSpecs, words: readonly string[]): TuiArguments {
  const { values: given, positionals } = readCommandLine(words, terminalSpecs[verb]);
  const { target, rest } = targetOf(verb, positionals, given);
  if (rest.length > 1) throw new UsageError(`one prompt is expected, got ${rest.length} words: quote it`);
  const isNew = target.type === 'new' || target.type === 'fork' || target.type === 'forkLast';
  return {
    target: { ...target, ...labelOf(given, isNew) },
    prompt: rest[0] ?? null,
    images: imagesOf(given),
    isDemo: given.demo ?? false,
    isForScreenReader: given['screen-reader'] ?? false,
    cd: given.cd ?? null,
    worktree: worktreeOf(given),
    overrides: overridesOf(given),
    flags: flagsOf(given),
    strictConfig: given['strict-config'] ?? false,
  };
}

function targetOf(
  verb: keyof typeof terminalSpecs,
  words: readonly string[],
  { last = false, all = false, at, fleet }: Given,
) {
  if (all && !last) throw new UsageError('--all belongs to --last');
  if (last && verb === 'new') throw new UsageError('--last belongs to resume and fork');
  if (at !== undefined && verb !== 'fork') throw new UsageError('--at belongs to fork');
  if (fleet !== undefined && verb !== 'resume') throw new UsageError('--fleet belongs to resume');
  if (fleet !== undefined && (last || words[0] === undefined)) throw new UsageError('--fleet needs the id of a thread');
  const userMessages = countOf('at', at, 0);
  const [id, ...rest] = words;
  const isFork = verb === 'fork';
  const target = (): TuiTarget => {
    if (verb === 'new') return { type: 'new' };
    if (last)
      return isFork ? { type: 'forkLast', anyDirectory: all, userMessages } : { type: 'resumeLast', anyDirectory: all };
    if (id === undefined) return { type: 'choose', verb };
    if (fleet !== undefined) return { type: 'fleet', url: fleetUrl(fleet), id };
    return isFork ? { type: 'fork', id, userMessages } : { type: 'resume', id };
  };
  return { target: target(), rest: verb === 'new' || last ? words : rest };
}

function flagsOf(given: Given): ConfigFlags {
  const isFree = isUnbounded(given);
  if (isFree && given['ask-for-approval'] !== undefined) {
    throw new UsageError('--dangerously-bypass-approvals-and-sandbox and --ask-for-approval exclude each other');
  }
  const chosenPolicy = choiceOf('ask-for-approval', given['ask-for-approval'], APPROVAL_POLICIES);
  const approvalPolicy = isFree ? 'never' : given['full-auto'] ? 'on-request' : chosenPolicy;
  return { ...sessionFlags(given), ...(approvalPolicy === null ? {} : { approvalPolicy }) };
}
