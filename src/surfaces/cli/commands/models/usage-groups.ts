import { statSync } from 'node:fs';
import type { ModelPrices } from '../../../../models/catalogue/index.ts';
import {
  type RecordedRequest,
  type RequestingThread,
  requestingThread,
  requestsIn,
  rolloutsNewestFirst,
} from '../../../../storage/threads/index.ts';
import { UsageCounter, type UsageSum } from './usage-sums.ts';

export const GROUPINGS = ['day', 'model', 'thread'] as const;
export type Grouping = (typeof GROUPINGS)[number];

export interface UsageQuery {
  readonly home: string;
  /** This thread and what it started; null: every thread. */
  readonly thread: RequestingThread | null;
  readonly by: Grouping;
  /** Unix milliseconds; 0: from the beginning. */
  readonly since: number;
  /** Prices of the provider that a request went to. */
  readonly pricesOf: (provider: string | null) => ModelPrices;
}

export interface UsageReport {
  readonly by: Grouping;
  readonly rows: readonly { readonly key: string; readonly cwd?: string; readonly sum: UsageSum }[];
  readonly total: UsageSum;
}

/** Sums the recorded requests, one file after the other. Memory holds a counter a group, and the names of threads. */
export function usageReport(query: UsageQuery): UsageReport {
  const { by, since, pricesOf } = query;
  const total = new UsageCounter();
  const groups = new Map<string, UsageCounter>();
  const threads = new Map<string, RequestingThread>();
  for (const { path, thread } of rolloutsOf(query)) {
    threads.set(thread.id, thread);
    for (const request of requestsIn(path)) {
      if (request.at < since) continue;
      const prices = pricesOf(request.provider);
      total.add(request, prices);
      const key = keyOf(by, request, thread);
      const counter = groups.get(key) ?? new UsageCounter();
      groups.set(key, counter);
      counter.add(request, prices);
    }
  }
  const rows = [...groups].map(([key, counter]) => ({ key, ...placeOf(threads.get(key)), sum: counter.sum }));
  return { by, rows: rows.sort(inOrder(by)), total: total.sum };
}

/** A subagent or a reviewer is part of the thread that it worked for, at any depth. */
function* rolloutsOf({ home, thread: wanted, since }: UsageQuery) {
  const found: { readonly path: string; readonly thread: RequestingThread }[] = [];
  const parents = new Map<string, string | null>();
  for (const path of rolloutsNewestFirst(home)) {
    const thread = requestingThread(path);
    if (thread === null) continue;
    parents.set(thread.id, thread.parentId);
    if (lastChange(path) >= since) found.push({ path, thread });
  }
  for (const { path, thread } of found) {
    const root = rootOf(thread.id, parents, wanted?.id ?? null);
    if (wanted === null || root === wanted.id) yield { path, thread: { ...thread, id: root } };
  }
}

/** The thread of the user's that this one belongs to, or `stop` if that is on the way there. */
function rootOf(id: string, parents: ReadonlyMap<string, string | null>, stop: string | null): string {
  const seen = new Set<string>();
  let at = id;
  for (let up = parents.get(at) ?? null; up !== null && at !== stop && !seen.has(up); up = parents.get(at) ?? null) {
    seen.add(at);
    at = up;
  }
  return at;
}

function lastChange(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function keyOf(by: Grouping, { at, provider, model }: RecordedRequest, thread: RequestingThread): string {
  switch (by) {
    case 'day':
      return localDay(at);
    case 'model':
      return `${provider ?? 'unknown'}/${model ?? 'unknown'}`;
    case 'thread':
      return thread.id;
  }
}

function localDay(at: number): string {
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function placeOf(thread: RequestingThread | undefined): { readonly cwd?: string } {
  return thread === undefined ? {} : { cwd: thread.cwd };
}

/** Days and threads from old to new (a thread's id starts with its time), models by cost. */
function inOrder(by: Grouping) {
  type Row = UsageReport['rows'][number];
  if (by !== 'model') return (a: Row, b: Row) => (a.key < b.key ? -1 : 1);
  return (a: Row, b: Row) => b.sum.cost_usd - a.sum.cost_usd || b.sum.input_tokens - a.sum.input_tokens;
}
