import type { Dirent } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { obeyedJudge, type PlaceJudge } from '../../foundation/files/index.ts';
import { isInside, writableByOthers } from '../../foundation/util/index.ts';
import { readSkill } from './read-skill.ts';
import type { Skill, SkillFault } from './skill.ts';
import { faultOf, SKILL_FILE } from './skill-file.ts';
import { realOrNull, type SkillOrigin, type SkillRoot } from './skill-roots.ts';

/** How many levels below a root are searched. */
const MAX_DEPTH = 6;
const MAX_FOLDERS = 2_000;
/** Files and folders below one root. */
const MAX_ENTRIES = 20_000;
/** Folders or files that are read at a time. */
const AT_A_TIME = 16;

/** A skill on the disk; whether it is enabled is in the settings. */
export type FoundSkill = Omit<Skill, 'enabled'>;

export interface ScannedRoot {
  readonly skills: readonly FoundSkill[];
  readonly faults: readonly SkillFault[];
}

/** Searches one root, level by level and by name, so that the same files always give the same list. */
export class RootScan {
  readonly #root: SkillRoot;
  readonly #signal: AbortSignal;
  /** Folders that were searched or will be. */
  readonly #seen: Set<string>;
  readonly #files: string[] = [];
  readonly #faults: SkillFault[] = [];
  #entryCount = 0;

  constructor(root: SkillRoot, signal: AbortSignal) {
    this.#root = root;
    this.#signal = signal;
    this.#seen = new Set([root.path]);
  }

  /** @throws the signal's reason; what can't be read is a fault */
  async run(): Promise<ScannedRoot> {
    const { path: root, origin } = this.#root;
    let level = this.#isTrusted(origin.named, root) ? [root] : [];
    for (let depth = 0; level.length > 0; depth += 1) {
      const listed = await inPieces(level, async (path) => ({ path, entries: await this.#entriesOf(path) }));
      level = [];
      for (const { path, entries } of listed) {
        const file = entries.find(({ name }) => name === SKILL_FILE);
        // Folders inside a skill belong to it and are not searched.
        if (depth > 0 && file) this.#files.push(join(path, file.name));
        else if (depth < MAX_DEPTH) level.push(...(await this.#foldersBelow(path, entries)));
      }
    }
    const skills = await inPieces(this.#files, (path) => this.#read(path));
    return { skills: skills.filter((skill) => skill !== null), faults: this.#faults };
  }

  /** Entries that may be a folder, and the file that makes the folder a skill, sorted by name. */
  async #entriesOf(path: string): Promise<Dirent[]> {
    const entries: Dirent[] = [];
    if (!this.#isTrusted(path, path)) return entries;
    try {
      for await (const entry of await opendir(path)) {
        this.#signal.throwIfAborted();
        this.#entryCount += 1;
        if (this.#entryCount > MAX_ENTRIES) {
          this.#fault(this.#root.path, `it has more than ${MAX_ENTRIES} entries: the rest is skipped`);
          break;
        }
        if (entry.isDirectory() || entry.isSymbolicLink() || entry.name === SKILL_FILE) entries.push(entry);
      }
    } catch (error) {
      this.#signal.throwIfAborted();
      this.#fault(path, faultOf(error));
    }
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async #foldersBelow(parent: string, entries: readonly Dirent[]): Promise<string[]> {
    const below: string[] = [];
    for (const entry of entries) {
      const folder = await this.#folderAt(parent, entry);
      if (folder === null || this.#seen.has(folder)) continue;
      if (this.#seen.size > MAX_FOLDERS) {
        this.#fault(this.#root.path, `it has more than ${MAX_FOLDERS} folders: the rest is skipped`);
        break;
      }
      this.#seen.add(folder);
      below.push(folder);
    }
    return below;
  }

  /** The folder of an entry, links resolved; null for a file, and for hidden entries. */
  async #folderAt(parent: string, entry: Dirent): Promise<string | null> {
    if (isHidden(entry.name)) return null;
    const path = join(parent, entry.name);
    if (entry.isDirectory()) return path;
    if (!entry.isSymbolicLink()) return null;
    const target = await realOrNull(path);
    this.#signal.throwIfAborted();
    if (target !== null && (await isDirectory(target)) && !this.#isTrusted(path, target)) return null;
    return target !== null && !isHidden(basename(target)) && (await isDirectory(target)) ? target : null;
  }

  async #read(named: string): Promise<FoundSkill | null> {
    const { scope, origin, plugin } = this.#root;
    const path = (await realOrNull(named)) ?? named;
    try {
      this.#signal.throwIfAborted();
      const judge = obeyedJudge(named, { limits: origin.limits, judge: withinJudge(origin) });
      const skill = await readSkill(path, judge);
      return { ...skill, name: plugin === null ? skill.name : `${plugin}:${skill.name}`, path, scope };
    } catch (error) {
      this.#signal.throwIfAborted();
      this.#fault(path, faultOf(error));
      return null;
    }
  }

  /** Whether a folder may be searched; if not, a fault gives the reason. */
  #isTrusted(named: string, real: string): boolean {
    const { origin } = this.#root;
    const fault = writableByOthers(named, origin.limits()) ?? withinJudge(origin)({ path: real, stats: null });
    if (fault !== null) this.#fault(named, fault);
    return fault === null;
  }

  #fault(path: string, reason: string): void {
    this.#faults.push({ path, reason });
  }
}

function withinJudge({ within }: SkillOrigin): PlaceJudge {
  return ({ path }) => (within === null || isInside(path, within) ? null : 'it leads out of the project');
}

/** Works on a few items at a time. @returns the results in order */
async function inPieces<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += AT_A_TIME) {
    results.push(...(await Promise.all(items.slice(at, at + AT_A_TIME).map(work))));
  }
  return results;
}

function isHidden(name: string): boolean {
  return name.startsWith('.');
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    // The folder was removed since its name was read.
    return false;
  }
}
