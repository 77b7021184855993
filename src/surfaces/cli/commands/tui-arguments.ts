import type { ApprovalPolicy, SandboxMode } from '../../../foundation/protocol/index.ts';
import type { ConfigFlags } from '../../../storage/config/index.ts';
import { readCommandLine } from '../command-line.ts';
import { UsageError } from '../usage.ts';

const settings = `
The model
  -m, --model MODEL               model to use
  --oss                           use a model on this machine, fetched if it is not there
  --local-provider ollama|lmstudio
                                  the same, and whose models
  -i, --image FILE                image to send before the prompt; repeat it or separate with commas
  --demo                          a scripted stand-in in place of a model, on a small project: no key, no network

What it may do
  -C, --cd DIR                    working directory
  -s, --sandbox MODE              how far commands may reach: read-only, workspace-write, danger-full-access
  -a, --ask-for-approval POLICY   when you are asked: untrusted, on-failure, on-request, never
  --full-auto                     the same as --sandbox workspace-write --ask-for-approval on-request
  --dangerously-bypass-approvals-and-sandbox, --yolo
                                  no sandbox and no questions
  --add-dir DIR                   further directory that may be written; repeatable
  --search                        let the model search the web

Settings
  -c, --config KEY=VALUE          override a setting; repeatable
  -p, --profile NAME              profile of the configuration
  --enable FEATURE, --disable FEATURE
                                  switch a feature on or off; repeatable
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
const values = { type: 'string', multiple: true } as const;
const options = {
  model: { ...value, short: 'm' },
  oss: flag,
  'local-provider': value,
  image: { ...values, short: 'i' },
  demo: flag,
  cd: { ...value, short: 'C' },
  sandbox: { ...value, short: 's' },
  'ask-for-approval': { ...value, short: 'a' },
  'full-auto': flag,
  'dangerously-bypass-approvals-and-sandbox': flag,
  yolo: flag,
  'add-dir': values,
  search: flag,
  last: flag,
  all: flag,
  at: value,
  config: { ...values, short: 'c' },
  profile: { ...value, short: 'p' },
  enable: values,
  disable: values,
  'strict-config': flag,
} as const;

// Not read from the protocol's schemas, which a start would have to wait for.
const SANDBOX_MODES: readonly SandboxMode[] = ['read-only', 'workspace-write', 'danger-full-access'];
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
    images: (given.image ?? []).flatMap((list) => list.split(',').filter((file) => file !== '')),
    isDemo: given.demo ?? false,
    cd: given.cd ?? null,
    overrides: [
      ...(given.config ?? []),
      ...(given.search ? ['features.web_search_request=true'] : []),
      ...(given.enable ?? []).map((feature) => `features.${feature}=true`),
      ...(given.disable ?? []).map((feature) => `features.${feature}=false`),
    ],
    flags: flagsOf(given),
    strictConfig: given['strict-config'] ?? false,
  };
}

function targetOf(verb: keyof typeof helps, words: readonly string[], { last = false, all = false, at }: Given) {
  if (all && !last) throw new UsageError('--all belongs to --last');
  if (last && verb === 'new') throw new UsageError('--last belongs to resume and fork');
  if (at !== undefined && verb !== 'fork') throw new UsageError('--at belongs to fork');
  if (at !== undefined && !/^\d{1,9}$/.test(at)) throw new UsageError(`--at: a whole number is expected, not "${at}"`);
  const userMessages = at === undefined ? null : Number(at);
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
  const isUnbounded = given.yolo || given['dangerously-bypass-approvals-and-sandbox'];
  if (isUnbounded && (given['full-auto'] || given['ask-for-approval'] !== undefined)) {
    throw new UsageError('--dangerously-bypass-approvals-and-sandbox excludes --full-auto and --ask-for-approval');
  }
  if (given.sandbox !== undefined && (isUnbounded || given['full-auto'])) {
    const other = given['full-auto'] ? '--full-auto' : '--dangerously-bypass-approvals-and-sandbox (--yolo)';
    throw new UsageError(`--sandbox and ${other} exclude each other: both choose the sandbox`);
  }
  const chosenMode = choiceOf('sandbox', given.sandbox, SANDBOX_MODES);
  const chosenPolicy = choiceOf('ask-for-approval', given['ask-for-approval'], APPROVAL_POLICIES);
  const sandboxMode = isUnbounded ? 'danger-full-access' : given['full-auto'] ? 'workspace-write' : chosenMode;
  const approvalPolicy = isUnbounded ? 'never' : given['full-auto'] ? 'on-request' : chosenPolicy;
  const localProvider = choiceOf('local-provider', given['local-provider'], ['ollama', 'lmstudio'] as const);
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

function choiceOf<T extends string>(name: string, word: string | undefined, choices: readonly T[]): T | null {
  if (word === undefined) return null;
  const choice = choices.find((one) => one === word);
  if (choice === undefined) throw new UsageError(`--${name} is one of ${choices.join(', ')}, not "${word}"`);
  return choice;
}
