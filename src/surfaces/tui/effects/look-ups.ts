import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../../../storage/config/index.ts';
import type { FileFinder } from '../../file-search/index.ts';
import type { Message } from '../message.ts';

/** Commits to choose from for a review. */
const SHOWN_COMMITS = 100;
/** How long the branch is looked for. Only the footer waits for it. */
const BRANCH_MS = 10_000;

/** What is looked up around a thread: files, skills, branches, commits, changes. Each answer is a message. */
export class LookUps {
  readonly #dispatch: (message: Message) => void;
  readonly #stop = new AbortController();
  #search = new AbortController();
  #finder: FileFinder | null = null;

  constructor(dispatch: (message: Message) => void) {
    this.#dispatch = dispatch;
  }

  close(): void {
    this.#stop.abort();
    this.#search.abort();
  }

  /** A newer search replaces the one that runs. @throws what the system says if the files can't be listed */
  async findFiles(query: string, { cwd }: Config): Promise<void> {
    this.#search.abort();
    this.#search = new AbortController();
    const { signal } = this.#search;
    const { FileFinder: Finder } = await import('../../file-search/index.ts');
    this.#finder ??= new Finder();
    try {
      const found = await this.#finder.find(query, cwd, signal);
      const files = found.map(({ path }) => ({ text: path, detail: '' }));
      this.#dispatch({ type: 'filesFound', query, files });
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** A path without a file stays the text that it was pasted as. */
  async findImage(path: string, text: string): Promise<void> {
    const found = await stat(path).catch(() => null);
    if (found?.isFile() === true) this.#dispatch({ type: 'imageFound', path, text });
  }

  async checkInit(folder: string): Promise<void> {
    const found = await stat(join(folder, 'AGENTS.md')).catch(() => null);
    this.#dispatch({ type: 'initChecked', hasAgentsFile: found !== null });
  }

  async readSkills(config: Config): Promise<void> {
    const { discoverSkills, inOrder } = await import('../../../context/index.ts');
    const { skills } = await discoverSkills(config, this.#stop.signal);
    const usable = inOrder(skills).filter(({ enabled }) => enabled);
    const found = usable.map(({ name, shortDescription, description }) => ({
      text: name,
      detail: shortDescription ?? description,
    }));
    this.#dispatch({ type: 'skillsRead', skills: found });
  }

  async readReviewTargets(kind: 'branches' | 'commits', { cwd, env }: Config): Promise<void> {
    const { localBranches, recentCommits } = await import('../../../system/git/index.ts');
    const place = { cwd, env, signal: this.#stop.signal };
    const candidates =
      kind === 'branches'
        ? (await localBranches(place)).map(({ name, isCurrent }) => ({
            text: name,
            detail: isCurrent ? 'checked out' : '',
          }))
        : (await recentCommits(SHOWN_COMMITS, place)).map(({ shortSha, title }) => ({ text: shortSha, detail: title }));
    this.#dispatch({ type: 'reviewTargetsRead', kind, candidates });
  }

  /** @throws Error that says why there is no diff */
  async readDiff({ home, cwd, env }: Config): Promise<void> {
    const { uncommittedDiff } = await import('./git-diff.ts');
    const text = await uncommittedDiff({ home, cwd, env, signal: this.#stop.signal });
    this.#dispatch({ type: 'diffRead', text });
  }

  async readBranch({ cwd, env }: Config): Promise<void> {
    const { gatherRepositoryFacts } = await import('../../../system/git/index.ts');
    const facts = await gatherRepositoryFacts(cwd, env, { signal: this.#stop.signal, deadlineMs: BRANCH_MS });
    if (facts !== null) this.#dispatch({ type: 'branchRead', branch: facts.isRepository ? facts.branch : null });
  }
}
