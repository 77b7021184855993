import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { parseJson } from '../util/index.ts';

/**
 * Which stand-ins are held, in a file that other keels read: what one of them needs must not be removed by another, and what
 * a keel that was killed left behind is removed by the next. A line is a path that is held, or that no longer is.
 */
export class StubJournal {
  readonly #dir: string;
  readonly #name: string;

  /** `dir`: where every keel of this home keeps its own. */
  constructor(dir: string) {
    this.#dir = dir;
    opened += 1;
    this.#name = `stubs-${process.pid}-${opened}.jsonl`;
  }

  hold(paths: readonly string[]): void {
    if (paths.length === 0) return;
    try {
      mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
      this.#append(paths.map((path) => JSON.stringify(path)));
    } catch {
      // Without a journal a stub may stay, or go too early; a full disk must not stop a command.
    }
  }

  /** `isLast`: nothing is held any more. */
  letGo(paths: readonly string[], isLast: boolean): void {
    try {
      if (isLast) truncateSync(join(this.#dir, this.#name));
      else this.#append(paths.map((path) => JSON.stringify({ gone: path })));
    } catch {
      // It could not be written before either.
    }
  }

  /** What the other keels that live hold now. */
  heldElsewhere(): ReadonlySet<string> {
    const others = this.#journals().filter(({ name, pid }) => name !== this.#name && isAlive(pid));
    return new Set(others.flatMap(({ name }) => heldIn(join(this.#dir, name))));
  }

  /** What keels held that live no more; it is this one's to remove. */
  takeLeftovers(): readonly string[] {
    return this.#journals()
      .filter(({ pid }) => !isAlive(pid))
      .flatMap(({ name }) => {
        const paths = heldIn(join(this.#dir, name));
        rmSync(join(this.#dir, name), { force: true });
        return paths;
      });
  }

  close(): void {
    rmSync(join(this.#dir, this.#name), { force: true });
  }

  #append(lines: readonly string[]): void {
    appendFileSync(join(this.#dir, this.#name), lines.map((line) => `${line}\n`).join(''));
  }

  #journals(): { readonly name: string; readonly pid: number }[] {
    return namesIn(this.#dir).flatMap((name) => {
      const pid = /^stubs-(\d+)-/.exec(name)?.[1];
      return pid === undefined ? [] : [{ name, pid: Number(pid) }];
    });
  }
}

let opened = 0;

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    // No command of any keel has needed one yet.
    return [];
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function heldIn(path: string): readonly string[] {
  const held = new Set<string>();
  for (const line of linesOf(path)) {
    const value = parseJson(line);
    if (typeof value === 'string') held.add(value);
    else if (typeof value === 'object' && value !== null && 'gone' in value && typeof value.gone === 'string')
      held.delete(value.gone);
  }
  return [...held];
}

function linesOf(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch {
    // Its keel has closed it, or another one has swept it.
    return [];
  }
}
