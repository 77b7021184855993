import type { ApprovalPolicy } from '../../../foundation/protocol/index.ts';
import type { ConfigFlags } from '../../../storage/config/index.ts';
import { readCommandLine } from '../command-line.ts';
import {
  choiceOf,
  countOf,
  imagesOf,
  isUnbounded,
  localProviderOf,
  overridesOf,
  sandboxModeOf,
  sessionOptions,
} from '../session-options.ts';
import { UsageError } from '../usage.ts';

const settings = `
The model
  -m, --model MODEL               model to use
  --oss                           use a model on this machine; fetch it if it is missing
  --local-provider ollama|lmstudio
                                  the same, from this server
  -i, --image FILE                image to send before the prompt; repeat it or separate with commas
  --demo                          a scripted model on a small project: no key, no network

What it is allowed to do
  -C, --cd DIR                    working directory
  -s, --sandbox MODE              where commands may write: read-only, workspace-write, danger-full-access
  -a, --ask-for-approval POLICY   when you are asked: untrusted, on-failure, on-request, never
  --full-auto                     the same as --sandbox workspace-write --ask-for-approval on-request
  --dangerously-bypass-approvals-and-sandbox, --yolo
                                  no sandbox and no questions
  --add-dir DIR                   another writable directory; repeatable

Settings
  -c, --config KEY=VALUE          override a setting; repeatable
  -p, --profile NAME              profile of the configuration
  --enable FEATURE, --disable FEATURE
                                  switch a feature on or off; repeatable
  --screen-reader                 only add lines, for a screen reader; the cursor is never moved
  --strict-config                 treat an unknown key in the configuration as an error
  -h, --help                      show this help
`;
const helps = {
  new: `Usage: keel [options] [PROMPT]

Open keel in this terminal, with PROMPT as the first message. \`keel help\` lists the commands.
${settings}`,
  resume: `Usage: keel resume [options] [THREAD | --last [--all]] [PROMPT]

Continue a recorded thread in this terminal. THREAD is an id or a name; without one, choose from a list. Scripts use
\`keel exec resume\`.

  --last                          the newest thread of this directory
  --all                           with --last: of any directory
${settings}`,
  fork: `Usage: keel fork [options] [THREAD | --last [--all]] [PROMPT]

Start a new thread in this terminal as a copy of another one. THREAD is an id or a name; without one, choose from a list.
Scripts use \`keel exec fork\`.

  --last                          the newest thread of this directory
  --all                           with --last: of any directory
  --at N                          keep the first N of your messages and what came of them
${settings}`,
} as const;

const flag = { type: 'boolean' } as const;
const value = { type: 'string' } as const;
const options = {
  ...sessionOptions,
  demo: flag,
  'screen-reader': flag,
  'ask-for-approval': { ...value, short: 'a' },
  last: flag,
  all: flag,
  at: value,
} as const;

// Not read from the protocol's schemas, which a start would have to wait for.
const APPROVAL_POLICIES: readonly ApprovalPolicy[] = ['untrusted', 'on-failure', 'on-request', 'never'];

type Given = ReturnType<typeof readCommandLine<typeof options>>['values'];

/** Which thread the terminal opens. `choose`: the user is shown a list. */
export type TuiTarget =
  | { readonly type: 'new' }
  | { readonly type: 'choose'; readonly verb: 'resume' | 'fork' }
  | { readonly type: 'resume'; readonly id: string }
  | { readonly type: 'resumeLast'; readonly anyDirectory: boolean }
  | { readonly type: 'fork'; readonly id: string; readonly userMessages: number | null }
  | { readonly type: 'forkLast'; readonly anyDirectory: boolean; readonly userMessages: number | null };

/** What `keel`, `keel resume` or `keel fork` was asked for in a terminal, before configuration is read. */
export interface TuiArguments {
  readonly target: TuiTarget;
  readonly prompt: string | null;
  readonly images: readonly string[];
  readonly isDemo: boolean;
  /** Lines are only ever added. */
  readonly isForScreenReader: boolean;
  readonly cd: string | null;
  readonly overrides: readonly string[];
  readonly flags: ConfigFlags;
  readonly strictConfig: boolean;
}

/** @throws UsageError, HelpRequested */
export function parseTuiArguments(verb: keyof typeof helps, words: readonly string[]): TuiArguments {
  const { values: given, positionals } = readCommandLine(words, helps[verb], options);
  const { target, rest } = targetOf(verb, positionals, given);
  if (rest.length > 1) throw new UsageError(`one prompt is expected, got ${rest.length} words: quote it`);
  return {
    target,
    prompt: rest[0] ?? null,
    images: imagesOf(given),
    isDemo: given.demo ?? false,
    isForScreenReader: given['screen-reader'] ?? false,
    cd: given.cd ?? null,
    overrides: overridesOf(given),
    flags: flagsOf(given),
    strictConfig: given['strict-config'] ?? false,
  };
}

function targetOf(verb: keyof typeof helps, words: readonly string[], { last = false, all = false, at }: Given) {
  if (all && !last) throw new UsageError('--all belongs to --last');
  if (last && verb === 'new') throw new UsageError('--last belongs to resume and fork');
  if (at !== undefined && verb !== 'fork') throw new UsageError('--at belongs to fork');
  const userMessages = countOf('at', at, 0);
  const [id, ...rest] = words;
  const isFork = verb === 'fork';
  const target = (): TuiTarget => {
    if (verb === 'new') return { type: 'new' };
    if (last)
      return isFork ? { type: 'forkLast', anyDirectory: all, userMessages } : { type: 'resumeLast', anyDirectory: all };
    if (id === undefined) return { type: 'choose', verb };
    return isFork ? { type: 'fork', id, userMessages } : { type: 'resume', id };
  };
  return { target: target(), rest: verb === 'new' || last ? words : rest };
}

function flagsOf(given: Given): ConfigFlags {
  const isFree = isUnbounded(given);
  if (isFree && given['ask-for-approval'] !== undefined) {
    throw new UsageError('--dangerously-bypass-approvals-and-sandbox and --ask-for-approval exclude each other');
  }
  const sandboxMode = sandboxModeOf(given);
  const chosenPolicy = choiceOf('ask-for-approval', given['ask-for-approval'], APPROVAL_POLICIES);
  const approvalPolicy = isFree ? 'never' : given['full-auto'] ? 'on-request' : chosenPolicy;
  const localProvider = localProviderOf(given);
  return {
    ...(given.model === undefined ? {} : { model: given.model }),
    ...(given.profile === undefined ? {} : { profile: given.profile }),
    ...(sandboxMode === null ? {} : { sandboxMode }),
    ...(approvalPolicy === null ? {} : { approvalPolicy }),
    ...(given.oss ? { oss: true } : {}),
    ...(localProvider === null ? {} : { localProvider }),
    ...(given['add-dir'] === undefined ? {} : { addDirs: given['add-dir'] }),
  };
}
