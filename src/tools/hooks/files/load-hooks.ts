import { readObeyedFile, UntrustedFile } from '../../../foundation/files/index.ts';
import { decodeText, isInside, ownerOf, realPath, reasonOf } from '../../../foundation/util/index.ts';
import type { Config, HookFile } from '../../../storage/config/index.ts';
import { type Hook, hookName } from '../hook.ts';
import { type AcceptedHook, acceptedHooks, hookInFull } from './hook-trust.ts';
import { readHooks } from './read-hooks.ts';

const MAX_FILE_BYTES = 4 * 1024 * 1024;

/** Whether a hook runs. */
export type HookStanding =
  | { readonly type: 'own' }
  | { readonly type: 'accepted'; readonly digest: string }
  /** The user does not trust the project. */
  | { readonly type: 'untrustedProject' }
  /** `before`: what the user accepted in its place; null: nothing. */
  | { readonly type: 'unaccepted'; readonly full: AcceptedHook; readonly before: AcceptedHook | null };

export interface LoadedHook {
  readonly hook: Hook;
  readonly standing: HookStanding;
}

export interface LoadedHooks {
  /** In the order of the files. */
  readonly hooks: readonly LoadedHook[];
  /** What of the files is not used, a sentence each. */
  readonly faults: readonly string[];
}

export type HookPlaces = Pick<Config, 'home' | 'trustedFolder'>;

/** Reads files of hooks. Those of the user's home count; those of a project once the user has accepted each of them as it is. */
export function loadHooks(files: readonly HookFile[], { home, trustedFolder }: HookPlaces): LoadedHooks {
  const read = files.map(readFile);
  const found = read.flatMap((one) => one.hooks.map((hook) => inFull(hook)));
  const faults = [...read.flatMap((one) => one.faults), ...found.flatMap(({ fault }) => fault ?? [])];
  const usable = found.filter(({ fault }) => fault === null);
  const hooks = usable.map(({ hook }) => hook);
  const project = hooks.find((hook) => hook.project !== null)?.project ?? null;
  const accepted = project === null || trustedFolder === null ? [] : acceptedHooks(home, project);
  const fulls = new Map(usable.flatMap(({ hook, full }) => (full === null ? [] : [[hook, full]])));
  const present = new Set([...fulls.values()].map(({ digest }) => digest));
  const replaced = accepted.filter(({ digest }) => !present.has(digest));
  const standingOf = (hook: Hook): HookStanding => {
    const full = fulls.get(hook);
    if (full === undefined) return { type: 'own' };
    if (trustedFolder === null) return { type: 'untrustedProject' };
    if (accepted.some(({ digest }) => digest === full.digest)) return { type: 'accepted', digest: full.digest };
    const at = replaced.findIndex(({ file, event }) => file === full.file && event === full.event);
    return { type: 'unaccepted', full, before: at === -1 ? null : (replaced.splice(at, 1)[0] ?? null) };
  };
  return { hooks: hooks.map((hook) => ({ hook, standing: standingOf(hook) })), faults };
}

interface FoundHook {
  readonly hook: Hook;
  /** Null: a hook of the user's own. */
  readonly full: AcceptedHook | null;
  /** Why it does not run, a sentence; null: nothing is wrong. */
  readonly fault: string | null;
}

function inFull(hook: Hook): FoundHook {
  try {
    return { hook, full: hook.project === null ? null : hookInFull(hook, hook.project), fault: null };
  } catch (error) {
    return { hook, full: null, fault: `${hookName(hook)} does not run: ${reasonOf(error)}` };
  }
}

/** What the user should know of hooks that do not run, a sentence each. */
export function hookNotices({ hooks, faults }: LoadedHooks): string[] {
  const skipped = (type: HookStanding['type']) => hooks.filter(({ standing }) => standing.type === type);
  const untrusted = skipped('untrustedProject');
  const unaccepted = skipped('unaccepted');
  return [
    ...faults,
    ...(untrusted.length === 0 ? [] : [`${counted(untrusted.length)}, since you do not trust this project.`]),
    ...(unaccepted.length === 0
      ? []
      : [
          `${counted(unaccepted.length)} until you accept them (\`keel hooks trust\`): ${unaccepted.map(named).join('; ')}`,
        ]),
  ];
}

function counted(count: number): string {
  return count === 1 ? '1 hook of this project does not run' : `${count} hooks of this project do not run`;
}

function named({ hook, standing }: LoadedHook): string {
  const isChanged = standing.type === 'unaccepted' && standing.before !== null;
  return `${hookName(hook)} (${isChanged ? 'changed' : 'new'})`;
}

function readFile(file: HookFile): { readonly hooks: readonly Hook[]; readonly faults: readonly string[] } {
  const { path, format, folder, scope, plugin } = file;
  try {
    return readHooks(textOf(file), { format, file: path, project: scope === 'project' ? folder : null, plugin });
  } catch (error) {
    return { hooks: [], faults: [`${path} is not used, and none of its hooks run: ${reasonOf(error)}`] };
  }
}

/** @throws UntrustedFile for one that others may write, or that lies outside of its project; what the system says */
function textOf({ path, folder, scope }: HookFile): string {
  const below = scope === 'user' ? { below: folder } : {};
  const bytes = readObeyedFile(path, {
    maxBytes: MAX_FILE_BYTES,
    limits: () => ({ trusted: ownerOf(folder), ...below }),
    judge: ({ path: real }) => {
      if (scope === 'project' && !isInside(real, realPath(folder)))
        throw new UntrustedFile('it leads out of the project');
      return null;
    },
  });
  return decodeText(bytes);
}
