import { loadConfig } from 'keel/session';
import type { Limit } from '../protocol.ts';
import type { BatchJob } from './batch-file.ts';
import { isShared, repositoryOf } from './work.ts';

/** Turns at once, and tokens that may be used up before no other turn starts; null: no limit. */
export interface BatchLimits {
  /** Of the whole batch. */
  readonly concurrency: number;
  readonly maxTokens: number | null;
  /** Of the turns that one provider's key pays for. */
  readonly perProvider: number;
  readonly maxTokensPerProvider: number | null;
  /** In one directory, and in places of their own of one repository. */
  readonly perDirectory: number;
  readonly perRepository: number;
  readonly maxTokensPerRepository: number | null;
}

/** What some of a batch's turns use together. Two shares are the same one if their names are. */
export interface Share {
  readonly name: string;
  readonly atOnce: number;
  readonly maxTokens: number | null;
  /** For people. */
  readonly about: string;
}

/** Names the provider of the settings where a line names none: a line that names the same one has a share in the same key. */
export async function withProviders(
  jobs: readonly BatchJob[],
  home: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly BatchJob[]> {
  const known = new Map<string, Promise<string | null>>();
  const providerOf = ({ work, overrides }: BatchJob) => {
    const place = { cwd: work.type === 'here' ? work.cwd : home, overrides };
    const key = JSON.stringify(place);
    // Settings that can't be read fail in their turns, which say why.
    const provider = known.get(key) ?? providerIn({ ...place, env: { ...env, KEEL_HOME: home } }).catch(() => null);
    known.set(key, provider);
    return provider;
  };
  return Promise.all(jobs.map(async (job) => ({ ...job, provider: job.provider ?? (await providerOf(job)) })));
}

async function providerIn(place: Omit<Parameters<typeof loadConfig>[0], 'flags'>): Promise<string> {
  return (await loadConfig({ ...place, flags: {} })).provider.id;
}

/** What a turn has a share in. @param home whose settings name the providers */
export function sharesOf({ work, provider }: BatchJob, home: string, limits: BatchLimits): readonly Share[] {
  const { concurrency, maxTokens, perProvider, maxTokensPerProvider, maxTokensPerRepository } = limits;
  const place = repositoryOf(work);
  const ofPlace = isShared(work)
    ? ({ name: `directory:${place}`, atOnce: limits.perDirectory } as const)
    : ({ name: `repository:${place}`, atOnce: limits.perRepository } as const);
  return [
    { name: 'batch', atOnce: concurrency, maxTokens, about: 'the batch' },
    {
      name: `provider:${home}${provider === null ? '' : `:${provider}`}`,
      atOnce: Math.min(perProvider, concurrency),
      maxTokens: maxTokensPerProvider,
      about: provider ?? 'the provider',
    },
    ...(place === null ? [] : [{ ...ofPlace, maxTokens: maxTokensPerRepository, about: place }]),
  ];
}

/** The shares that other batches have a part in as well, as the engine limits them. */
export function engineLimits(shares: readonly Share[]): Limit[] {
  return shares.filter(({ name }) => name !== 'batch').map(({ name, atOnce }) => ({ name, max: atOnce }));
}

/** How much of each share is used. */
export class ShareUse {
  readonly #running = new Map<string, number>();
  readonly #tokens = new Map<string, number>();

  hasRoom(shares: readonly Share[]): boolean {
    return shares.every(({ name, atOnce }) => (this.#running.get(name) ?? 0) < atOnce);
  }

  /** The first share whose tokens are used up; null: there is none. */
  spent(shares: readonly Share[]): Share | null {
    const isSpent = ({ name, maxTokens }: Share) => maxTokens !== null && (this.#tokens.get(name) ?? 0) >= maxTokens;
    return shares.find(isSpent) ?? null;
  }

  begin(shares: readonly Share[]): void {
    add(this.#running, shares, 1);
  }

  end(shares: readonly Share[], tokens: number): void {
    add(this.#running, shares, -1);
    add(this.#tokens, shares, tokens);
  }
}

function add(counts: Map<string, number>, shares: readonly Share[], count: number): void {
  for (const { name } of shares) counts.set(name, (counts.get(name) ?? 0) + count);
}
