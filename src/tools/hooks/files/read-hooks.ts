import { printable, readJson, reasonOf } from '../../../foundation/util/index.ts';
import { defaultTimeoutMs, HOOK_EVENTS, type Hook, type HookEvent } from '../hook.ts';
import { readCondition, readMatcher } from '../matcher.ts';

/** Longest time limit that a file can set, seconds. */
const MAX_TIMEOUT_SECONDS = 3_600;

const MAX_STATUS_CHARS = 200;

/** What a file of hooks says. */
export interface ReadHooks {
  readonly hooks: readonly Hook[];
  /** What of it is not used, a sentence each: a guard that does not run must not look as if it did. */
  readonly faults: readonly string[];
}

/** Which file a hook is from. */
export type HookOrigin = Pick<Hook, 'format' | 'file' | 'project' | 'plugin'>;

type Table = Readonly<Record<string, unknown>>;

/**
 * Reads a file in the form that both formats share: `{"hooks": {Event: [{matcher, hooks: [{type: "command", command}]}]}}`.
 * Other keys of the file are the business of the program that it belongs to.
 */
export function readHooks(text: string, source: HookOrigin): ReadHooks {
  let root: unknown;
  try {
    root = readJson(text);
  } catch (error) {
    return { hooks: [], faults: [`${source.file} is not JSON, so none of its hooks run: ${reasonOf(error)}`] };
  }
  const section = isTable(root) ? root['hooks'] : undefined;
  if (section === undefined || (isTable(root) && root['disableAllHooks'] === true)) return { hooks: [], faults: [] };
  if (!isTable(section)) return { hooks: [], faults: [`${source.file}: \`hooks\` is not an object: none of them run`] };
  const hooks: Hook[] = [];
  const faults: string[] = [];
  for (const [name, groups] of Object.entries(section)) {
    const event = HOOK_EVENTS.find((known) => known === name);
    if (event === undefined) {
      faults.push(`${source.file}: keel has no event ${JSON.stringify(name.slice(0, 60))}: its hooks are skipped`);
    } else if (Array.isArray(groups)) {
      for (const [at, group] of groups.entries()) {
        const read = readGroup(group, event, { ...source, place: `${source.file}: hooks.${event}[${at}]` });
        hooks.push(...read.hooks);
        faults.push(...read.faults);
      }
    } else faults.push(`${source.file}: hooks.${event} is not a list: skipped`);
  }
  return { hooks, faults };
}

type Source = HookOrigin & { readonly place: string };

function readGroup(group: unknown, event: HookEvent, source: Source): ReadHooks {
  const { place } = source;
  const entries = isTable(group) ? group['hooks'] : undefined;
  if (!isTable(group) || !Array.isArray(entries)) return skipped(`${place} has no list \`hooks\``);
  const matcher = group['matcher'] ?? null;
  if (matcher !== null && typeof matcher !== 'string') return skipped(`${place}.matcher is not a text`);
  if (readMatcher(matcher) === null) return skipped(`${place}.matcher is not a regular expression`);
  const read = entries.map((entry, at) =>
    readEntry(entry, { event, matcher }, { ...source, place: `${place}.hooks[${at}]` }),
  );
  return {
    hooks: read.flatMap((one) => (typeof one === 'string' ? [] : [one])),
    faults: read.flatMap((one) => (typeof one === 'string' ? [`${one}: skipped`] : [])),
  };
}

/** @returns the hook, or what is wrong with it */
function readEntry(entry: unknown, about: Pick<Hook, 'event' | 'matcher'>, source: Source): Hook | string {
  const { place, format, file, project, plugin } = source;
  if (!isTable(entry)) return `${place} is not an object`;
  const { type = 'command', command, if: condition = null } = entry;
  if (type !== 'command') return `${place} is of the type ${JSON.stringify(type)}, of which keel runs none`;
  if (typeof command !== 'string' || command.trim() === '') return `${place} has no command`;
  if (condition !== null && (typeof condition !== 'string' || readCondition(condition) === null)) {
    return `${place} has an \`if\` that keel can't read`;
  }
  const timeoutMs = timeoutOf(entry, about.event);
  if (timeoutMs === null)
    return `${place} has a \`timeout\` that is not a number of seconds up to ${MAX_TIMEOUT_SECONDS}`;
  const onFailure = entry['onFailure'] ?? entry['on_failure'] ?? 'pass';
  return {
    ...about,
    ...{ format, file, project, plugin, command, condition, timeoutMs },
    statusMessage: statusMessageOf(entry),
    isAsync: entry['async'] === true,
    // A word that keel does not know can only be meant to be stricter than the default.
    onFailure: onFailure === 'pass' || onFailure === 'allow' || onFailure === 'continue' ? 'pass' : 'block',
  };
}

function statusMessageOf(entry: Table): string | null {
  const given = entry['statusMessage'] ?? entry['status_message'];
  if (typeof given !== 'string') return null;
  return printable(given).replaceAll(/\s+/g, ' ').trim().slice(0, MAX_STATUS_CHARS) || null;
}

function timeoutOf(entry: Table, event: HookEvent): number | null {
  const seconds = entry['timeout'] ?? entry['timeout_sec'] ?? null;
  if (seconds === null) return defaultTimeoutMs(event);
  if (typeof seconds !== 'number' || !(seconds > 0) || seconds > MAX_TIMEOUT_SECONDS) return null;
  return Math.round(seconds * 1_000);
}

function skipped(fault: string): ReadHooks {
  return { hooks: [], faults: [`${fault}: skipped`] };
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
