import { KeelError } from '../../../../foundation/protocol/index.ts';
import { type Config, hookFiles, loadConfig } from '../../../../storage/config/index.ts';
import {
  type AcceptedHook,
  acceptedHooks,
  type LoadedHook,
  type LoadedHooks,
  loadHooks,
  recordAccepted,
} from '../../../../tools/hooks/index.ts';
import { readCommandLine } from '../../command-line.ts';
import type { CommandSpec } from '../../command-spec.ts';
import type { Command } from '../../commands.ts';
import type { CommandIo } from '../../io.ts';
import { data, note, say } from '../../output.ts';
import { UsageError } from '../../usage.ts';
import { hookRows, hookStatus, idOf, pendingText } from './hook-texts.ts';

const spec = {
  usage: ['hooks [list] [options]', 'hooks trust [ID...] [options]', 'hooks untrust [ID...] [options]'],
  about: [
    "List the hooks that a thread started here would have: commands of yours, or of this project, that run at its events. A project's hooks run once you trust the project and have accepted each of them as it is; one that changes is accepted again. See docs/hooks.md.",
  ],
  verbs: {
    list: 'list the hooks, and show those of the project that wait to be accepted',
    trust: 'accept hooks of this project; without an ID, show what there is to accept',
    untrust: 'take that back',
  },
  options: {
    all: { type: 'boolean', about: 'trust, untrust: all hooks of this project' },
    json: { type: 'boolean', about: 'list: print the hooks as JSON' },
    config: { type: 'string', short: 'c', multiple: true, value: 'KEY=VALUE', about: 'override a setting; repeatable' },
  },
} as const satisfies CommandSpec;

/** `keel hooks`: the hooks found here, and which of the project's the user accepts. Runs none. */
export const hooksCommand: Command = { spec, run: runHooks };

async function runHooks(io: CommandIo, words: readonly string[]): Promise<number> {
  const { values, positionals } = readCommandLine(words, spec);
  const [verb = 'list', ...ids] = positionals;
  const config = await loadConfig({ env: io.env, cwd: io.cwd, overrides: values.config ?? [], flags: {} });
  const loaded = loadHooks(hookFiles(config), config);
  for (const fault of loaded.faults) note(io, `warning: ${fault}\n`);
  switch (verb) {
    case 'list':
      if (ids.length > 0) throw new UsageError('`keel hooks list` takes no ID');
      return list(io, loaded, { config, isJson: values.json ?? false });
    case 'trust':
      return trust(io, loaded, { config, chosen: chosenBy(ids, values.all) });
    case 'untrust':
      return untrust(io, { config, chosen: chosenBy(ids, values.all) });
    default:
      throw new UsageError(`there is no "hooks ${verb}"`);
  }
}

/** Which digests the words name; null: none was named. */
type Chosen = ((digest: string) => boolean) | null;

function chosenBy(ids: readonly string[], all: boolean | undefined): Chosen {
  if (all) return () => true;
  return ids.length === 0 ? null : (digest) => ids.includes(idOf(digest));
}

async function list(
  io: CommandIo,
  { hooks }: LoadedHooks,
  { config, isJson }: { readonly config: Config; readonly isJson: boolean },
): Promise<number> {
  if (isJson) {
    const shown = hooks.map(({ hook, standing }) => ({ ...hook, status: hookStatus(standing) }));
    data(io, `${JSON.stringify({ enabled: config.hooks.enabled, hooks: shown }, null, 2)}\n`);
    return 0;
  }
  if (!config.hooks.enabled) say(io, 'Hooks are switched off (`hooks.enabled = false`).\n');
  else if (hooks.length === 0) say(io, 'No hooks were found: see docs/hooks.md.\n');
  else say(io, hookRows(hooks));
  const pending = await Promise.all(pendingIn(hooks).map(pendingText));
  if (pending.length > 0) say(io, `\nTo be accepted with \`keel hooks trust\`:\n\n${pending.join('\n')}`);
  return 0;
}

async function trust(
  io: CommandIo,
  { hooks }: LoadedHooks,
  { config, chosen }: { readonly config: Config; readonly chosen: Chosen },
): Promise<number> {
  const { trustedFolder: project, home } = config;
  if (project === null) {
    const advice = 'answer the question that `keel` asks here, or set its trust_level in config.toml';
    throw new KeelError('invalidInput', `you do not trust this project, so its hooks can't be accepted: ${advice}`);
  }
  const pending = pendingIn(hooks);
  const accepted = pending.filter(({ full }) => chosen?.(full.digest) ?? false);
  if (chosen !== null && accepted.length === 0) throw new KeelError('invalidInput', 'no hook that waits has this ID');
  const shown = await Promise.all((chosen === null ? pending : accepted).map(pendingText));
  if (shown.length > 0) say(io, `${shown.join('\n')}\n`);
  if (chosen === null) {
    const next = 'Accept them with `keel hooks trust ID...` or `keel hooks trust --all`.\n';
    say(io, pending.length === 0 ? 'No hook of this project waits to be accepted.\n' : next);
    return pending.length === 0 ? 0 : 1;
  }
  const replaced = accepted.flatMap(({ before }) => before?.digest ?? []);
  const kept = acceptedHooks(home, project).filter(({ digest }) => !replaced.includes(digest));
  recordAccepted(home, project, [...kept, ...accepted.map(({ full }) => full)]);
  say(io, accepted.length === 1 ? 'Accepted.\n' : `Accepted: ${accepted.length} hooks.\n`);
  return 0;
}

function untrust(io: CommandIo, { config, chosen }: { readonly config: Config; readonly chosen: Chosen }): number {
  const { trustedFolder: project, home } = config;
  if (chosen === null) throw new UsageError('which hooks? keel hooks untrust ID..., or --all');
  const before = project === null ? [] : acceptedHooks(home, project);
  const left = before.filter(({ digest }) => !chosen(digest));
  if (project === null || left.length === before.length) {
    throw new KeelError('invalidInput', 'no accepted hook of this project has this ID');
  }
  recordAccepted(home, project, left);
  say(io, `No longer accepted: ${before.length - left.length}.\n`);
  return 0;
}

function pendingIn(
  hooks: readonly LoadedHook[],
): { readonly full: AcceptedHook; readonly before: AcceptedHook | null }[] {
  return hooks.flatMap(({ standing }) => (standing.type === 'unaccepted' ? [standing] : []));
}
