import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hexDigest, parseJson } from '../../../foundation/util/index.ts';

/** An answer serves for this long, then is asked for again, ms: what start-up files read in their turn may change unseen. */
const FRESH_MS = 24 * 3_600_000;
/** What nobody has used for this long is removed, ms. */
const KEPT_MS = 14 * FRESH_MS;
/** The files that bash, zsh and sh read as login shells, or that those usually read, below `HOME` and the system's (bash(1), zsh(1)). */
const OF_USER = ['.bash_profile', '.bash_login', '.profile', '.bashrc', '.zshenv', '.zprofile', '.zshrc', '.zlogin'];
const OF_SYSTEM = [
  'profile',
  'profile.d',
  'environment',
  'bash.bashrc',
  'zshenv',
  'zprofile',
  'zsh/zshenv',
  'zsh/zprofile',
];

export interface LoginAnswersOptions {
  readonly shell: string;
  readonly env: Readonly<Record<string, string>>;
  readonly dir: string;
}

/** Answers of login shells in keel's own directory, by shell, start-up files and path. What can't be read counts as none. */
export class LoginAnswers {
  readonly #dir: string;
  /** The part of file names that all files of this question start with. */
  readonly #name: string;

  constructor({ shell, env, dir }: LoginAnswersOptions) {
    this.#dir = dir;
    this.#name = `login-${keyOf(shell, env)}`;
  }

  read(): { readonly env: Readonly<Record<string, string>>; readonly isFresh: boolean } | null {
    try {
      const path = this.#path('.json');
      const env = parseJson(readFileSync(path, 'utf8'));
      return isStrings(env) ? { env, isFresh: Date.now() - statSync(path).mtimeMs < FRESH_MS } : null;
    } catch {
      // None yet.
      return null;
    }
  }

  keep(env: Readonly<Record<string, string>>): void {
    try {
      const draft = this.#path(`.${process.pid}.draft`);
      writeFileSync(draft, JSON.stringify(env), { mode: 0o600 });
      renameSync(draft, this.#path('.json'));
      this.#tidy();
    } catch {
      // The shell is asked again next time.
    }
  }

  /** Where a shell writes its answer to `word`. */
  pendingPath(word: string): string {
    return this.#path(`.${word}.pending`);
  }

  /** The word of a question that another keel has asked, which may have ended since; null: nobody has. */
  pendingWord(sinceMs: number): string | null {
    const names = this.#names().filter((name) => name.startsWith(`${this.#name}.`) && name.endsWith('.pending'));
    const young = names.find((name) => modifiedMs(join(this.#dir, name)) >= sinceMs);
    return young?.slice(this.#name.length + 1, -'.pending'.length) ?? null;
  }

  #tidy(): void {
    const oldest = Date.now() - KEPT_MS;
    for (const name of this.#names().filter((each) => each.startsWith('login-'))) {
      const path = join(this.#dir, name);
      if (modifiedMs(path) < oldest) rmSync(path, { force: true });
    }
  }

  #names(): string[] {
    try {
      return readdirSync(this.#dir);
    } catch {
      // Nothing is kept here yet.
      return [];
    }
  }

  #path(end: string): string {
    return join(this.#dir, `${this.#name}${end}`);
  }
}

function keyOf(shell: string, env: Readonly<Record<string, string>>): string {
  const home = env['HOME'] ?? '';
  const files = [
    ...OF_USER.flatMap((name) => [join(home, name), ...(env['ZDOTDIR'] ? [join(env['ZDOTDIR'], name)] : [])]),
    ...OF_SYSTEM.map((name) => join('/etc', name)),
  ];
  const states = files.map((path) => {
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat === undefined ? [path] : [path, stat.mtimeMs, stat.size, stat.ino];
  });
  const question = JSON.stringify([shell, process.getuid?.(), home, env['PATH'], states]);
  return hexDigest('cyrb53', question);
}

function modifiedMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function isStrings(value: unknown): value is Readonly<Record<string, string>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((each) => typeof each === 'string')
  );
}
