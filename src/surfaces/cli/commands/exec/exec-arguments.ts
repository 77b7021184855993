import type { SandboxMode } from '../../../../foundation/protocol/index.ts';
import type { LocalServerKind } from '../../../../storage/config/index.ts';
import { readCommandLine } from '../../command-line.ts';
import {
  choiceOf,
  countOf,
  imagesOf,
  localProviderOf,
  overridesOf,
  sandboxModeOf,
  sessionOptions,
} from '../../session-options.ts';
import { type ExecTarget, readWords } from './exec-target.ts';

const help = `Usage: keel exec [options] [prompt | -]
       keel exec resume [options] [id | name | --last [--all]] [--rollback N] [prompt | -]
       keel exec fork [options] [id | name | --last [--all]] [--at N] [prompt | -]

Run a request to completion, non-interactively. Without a prompt, or with -, read it from standard input.

The model
  -m, --model MODEL               model to use
  --oss                           use a model on this machine; fetch it if it is missing
  --local-provider ollama|lmstudio
                                  the same, from this server
  -i, --image FILE                image to send before the prompt; repeat it or separate with commas
  --output-schema FILE            JSON Schema for the final message

What it is allowed to do
  -C, --cd DIR                    working directory
  -s, --sandbox MODE              where commands may write: read-only, workspace-write, danger-full-access
  --full-auto                     the same as --sandbox workspace-write
  --dangerously-bypass-approvals-and-sandbox, --yolo
                                  no sandbox and no questions
  --add-dir DIR                   another writable directory; repeatable
  --skip-git-repo-check           also run outside a Git repository
  --verify                        ask once for a check if files changed after the last one

Output
  --json                          print events as JSON lines on stdout
  -o, --output-last-message FILE  write the last message to a file
  --color always|never|auto       colours in the output
  --ephemeral                     keep no record of this thread

Threads
  --last                          with resume or fork: the newest thread of this directory
  --all                           with --last: of any directory
  --at N                          with fork: keep the first N messages of the user
  --rollback N                    with resume: first take the last N turns out of the conversation

Settings
  -c, --config KEY=VALUE          override a setting; repeatable
  -p, --profile NAME              profile of the configuration
  --enable FEATURE, --disable FEATURE
                                  switch a feature on or off; repeatable
  --strict-config                 treat an unknown key in the configuration as an error
  -h, --help                      show this help
`;

const flag = { type: 'boolean' } as const;
const value = { type: 'string' } as const;
const options = {
  ...sessionOptions,
  'output-schema': value,
  'skip-git-repo-check': flag,
  verify: flag,
  json: flag,
  'experimental-json': flag,
  'output-last-message': { ...value, short: 'o' },
  color: value,
  ephemeral: flag,
  last: flag,
  all: flag,
  at: value,
  rollback: value,
  // Clients send these; they have no effect here.
  'thread-source': value,
  'cyber-access-program': value,
} as const;
const IGNORED = ['thread-source', 'cyber-access-program'] as const;
const COLORS = ['always', 'never', 'auto'] as const;

/** The command line of `keel exec`, before configuration is read. */
export interface ExecArguments {
  readonly target: ExecTarget;
  /** The number of turns to take out of the conversation first; null: none. */
  readonly rollback: number | null;
  /** Null: standard input, if there is any. */
  readonly prompt: string | null;
  readonly images: readonly string[];
  readonly model: string | null;
  readonly profile: string | null;
  readonly sandbox: SandboxMode | null;
  readonly cd: string | null;
  readonly addDirs: readonly string[];
  readonly overrides: readonly string[];
  readonly oss: boolean;
  readonly localProvider: LocalServerKind | null;
  readonly strictConfig: boolean;
  readonly outputSchema: string | null;
  readonly lastMessageFile: string | null;
  readonly skipGitRepoCheck: boolean;
  readonly color: 'always' | 'never' | 'auto';
  readonly json: boolean;
  readonly ephemeral: boolean;
  /** Options that clients send and that have no effect here. */
  readonly ignored: readonly string[];
}

/**
 * Reads the words after `keel exec`. Options may precede or follow `resume`, since the SDKs write both.
 * @throws UsageError, HelpRequested
 */
export function parseExecArguments(words: readonly string[]): ExecArguments {
  const { values: given, positionals } = readCommandLine(words, help, options);
  const { last = false, all = false } = given;
  const at = countOf('at', given.at, 0);
  const rollback = countOf('rollback', given.rollback, 1);
  const { target, prompt } = readWords(positionals, {
    last,
    all,
    ...(at === null ? {} : { at }),
    ...(rollback === null ? {} : { rollback }),
  });
  return {
    target,
    rollback,
    prompt,
    images: imagesOf(given),
    model: given.model ?? null,
    profile: given.profile ?? null,
    sandbox: sandboxModeOf(given),
    cd: given.cd ?? null,
    addDirs: given['add-dir'] ?? [],
    overrides: [...(given.verify ? ['verify_before_finish="exec"'] : []), ...overridesOf(given)],
    oss: given.oss ?? false,
    localProvider: localProviderOf(given),
    strictConfig: given['strict-config'] ?? false,
    outputSchema: given['output-schema'] ?? null,
    lastMessageFile: given['output-last-message'] ?? null,
    skipGitRepoCheck: given['skip-git-repo-check'] ?? false,
    color: choiceOf('color', given.color, COLORS) ?? 'auto',
    json: (given.json || given['experimental-json']) ?? false,
    ephemeral: given.ephemeral ?? false,
    ignored: IGNORED.filter((name) => given[name] !== undefined).map((name) => `--${name}`),
  };
}
