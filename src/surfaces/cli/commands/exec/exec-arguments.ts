import type { ConfigFlags } from '../../../../storage/config/index.ts';
import { readCommandLine } from '../../command-line.ts';
import type { CommandSpec, OptionSpecs } from '../../command-spec.ts';
import { choiceOf, countOf, imagesOf, labelOf, overridesOf, sessionFlags, worktreeOf } from '../../session-options.ts';
import { accessOptions, modelOptions, sessionHeadings, settingOptions, threadOptions } from '../../session-specs.ts';
import { UsageError } from '../../usage.ts';
import { type ExecTarget, readWords } from './exec-target.ts';

const FORMATS = ['text', 'json', 'stream-json'] as const;
const COLORS = ['always', 'never', 'auto'] as const;

const execOptions = {
  ...modelOptions,
  'output-schema': { type: 'string', value: 'FILE', about: 'JSON Schema for the final message' },
  ...accessOptions,
  'skip-git-repo-check': { type: 'boolean', about: 'also run outside a Git repository' },
  'wait-for-quota': { type: 'boolean', about: 'when a usage limit is reached, wait until it resets and continue' },
  verify: { type: 'boolean', about: 'ask once for a check if files changed after the last one' },
  'output-format': {
    ...{ type: 'string', value: 'FORMAT', choices: FORMATS },
    about: 'text, json (one object with text, usage, cost and thread) or stream-json',
  },
  json: { type: 'boolean', about: 'events as JSON lines on stdout, the same as stream-json' },
  'experimental-json': { type: 'boolean' },
  'output-last-message': {
    ...{ type: 'string', short: 'o', value: 'FILE' },
    about: 'write the last message to a file',
  },
  color: {
    ...{ type: 'string', value: 'WHEN', choices: COLORS },
    about: 'colours in the output: always, never or auto',
  },
  ephemeral: { type: 'boolean', about: 'keep no record of this thread' },
  last: { type: 'boolean', about: 'with resume or fork: the newest thread of this directory' },
  all: { type: 'boolean', about: 'with --last: of any directory' },
  at: { type: 'string', value: 'N', about: 'with fork: keep the first N messages of the user' },
  'take-over': { type: 'boolean', about: 'with resume: take the thread from a process that has it open and hangs' },
  rollback: {
    ...{ type: 'string', value: 'N' },
    about: 'with resume: first take the last N turns out of the conversation',
  },
  ...threadOptions,
  ...settingOptions,
  // Clients send these; they have no effect here.
  'thread-source': { type: 'string' },
  'cyber-access-program': { type: 'string' },
} as const satisfies OptionSpecs;

export const execSpec = {
  usage: [
    'exec [options] [prompt | -]',
    'exec resume [options] THREAD|--last [prompt | -]',
    'exec fork [options] THREAD|--last [prompt | -]',
  ],
  about: [
    'Run a request to completion, non-interactively. Without a prompt, or with -, read it from standard input. THREAD is an id or a name.',
  ],
  verbs: { resume: '', fork: '', review: '' },
  options: execOptions,
  headings: { ...sessionHeadings, 'output-format': 'Output', last: 'Threads' },
} as const satisfies CommandSpec;

export const reviewSpec = {
  usage: ['review [options] [INSTRUCTIONS]'],
  about: [
    'Have a separate reviewer look at a change; it edits nothing. Without a target, review the uncommitted changes.',
    'The review goes to stdout, everything else to stderr; --json prints every event as a JSON line.',
  ],
  options: {
    uncommitted: { type: 'boolean', about: 'what is not committed yet' },
    base: { type: 'string', multiple: true, value: 'BRANCH', about: 'what this branch adds to another one' },
    commit: { type: 'string', multiple: true, value: 'SHA', about: 'what one commit changes' },
    ...execOptions,
  },
  headings: execSpec.headings,
} as const satisfies CommandSpec;

const IGNORED = ['thread-source', 'cyber-access-program'] as const;

type Given = ReturnType<typeof readCommandLine<typeof execOptions>>['values'];

/** The command line of `keel exec`, before configuration is read. */
export interface ExecArguments {
  readonly target: ExecTarget;
  /** The number of turns to take out of the conversation first; null: none. */
  readonly rollback: number | null;
  /** Null: standard input, if there is any. */
  readonly prompt: string | null;
  readonly images: readonly string[];
  /** Paths in it are as they were given. */
  readonly flags: ConfigFlags;
  readonly cd: string | null;
  readonly worktree: ReturnType<typeof worktreeOf>;
  readonly overrides: readonly string[];
  readonly strictConfig: boolean;
  readonly outputSchema: string | null;
  readonly lastMessageFile: string | null;
  readonly skipGitRepoCheck: boolean;
  readonly color: 'always' | 'never' | 'auto';
  readonly format: (typeof FORMATS)[number];
  readonly ephemeral: boolean;
  /** Options that clients send and that have no effect here. */
  readonly ignored: readonly string[];
}

/**
 * Reads the words after `keel exec`. Options may precede or follow `resume`, since the SDKs write both.
 * @throws UsageError, HelpRequested
 */
export function parseExecArguments(words: readonly string[]): ExecArguments {
  const { values, positionals } = readCommandLine(words, execSpec);
  return execArguments(values, positionals);
}

/** @throws UsageError */
export function execArguments(given: Given, positionals: readonly string[]): ExecArguments {
  const { last = false, all = false } = given;
  const at = countOf('at', given.at, 0);
  const rollback = countOf('rollback', given.rollback, 1);
  const { target, prompt } = readWords(positionals, {
    last,
    all,
    takeOver: given['take-over'] ?? false,
    ...(at === null ? {} : { at }),
    ...(rollback === null ? {} : { rollback }),
  });
  const isNew = target.type !== 'resume' && target.type !== 'resumeLast';
  if (given.name !== undefined && given.ephemeral) throw new UsageError('--name and --ephemeral exclude each other');
  return {
    target: { ...target, ...labelOf(given, isNew) },
    rollback,
    prompt,
    images: imagesOf(given),
    flags: sessionFlags(given),
    cd: given.cd ?? null,
    worktree: worktreeOf(given),
    overrides: [
      ...(given.verify ? ['verify_before_finish="exec"'] : []),
      ...(given['wait-for-quota'] ? ['wait_for_quota=true'] : []),
      ...overridesOf(given),
    ],
    strictConfig: given['strict-config'] ?? false,
    outputSchema: given['output-schema'] ?? null,
    lastMessageFile: given['output-last-message'] ?? null,
    skipGitRepoCheck: given['skip-git-repo-check'] ?? false,
    color: choiceOf('color', given.color, COLORS) ?? 'auto',
    format: formatOf(given),
    ephemeral: given.ephemeral ?? false,
    ignored: IGNORED.filter((name) => given[name] !== undefined).map((name) => `--${name}`),
  };
}

/** @throws UsageError */
function formatOf(given: Given): ExecArguments['format'] {
  const format = choiceOf('output-format', given['output-format'], FORMATS);
  if (!given.json && !given['experimental-json']) return format ?? 'text';
  if (format !== null && format !== 'stream-json')
    throw new UsageError(`--json and --output-format ${format} exclude each other`);
  return 'stream-json';
}
