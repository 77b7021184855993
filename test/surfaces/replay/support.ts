import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { replayThread } from '../../../src/surfaces/replay/index.ts';
import type { ReplayReport } from '../../../src/surfaces/replay/report.ts';
import type { TestSession } from '../../support/session.ts';
import { tempDir } from '../../support/temp-dir.ts';

export const pathOf = ({ session }: TestSession) => session.rolloutPath ?? '';

/** The record of a session that is over, run again where nothing of its machine is left. */
export async function replayed(live: TestSession): Promise<ReplayReport> {
  await live[Symbol.asyncDispose]();
  return replayedWith(pathOf(live), (lines) => lines);
}

export interface Line {
  readonly type: string;
  readonly payload: Record<string, unknown>;
  readonly turn?: string;
  readonly step?: string;
}

export function linesOf(path: string): Line[] {
  return readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** Runs a record again that was changed by hand. */
export async function replayedWith(path: string, change: (lines: Line[]) => Line[]): Promise<ReplayReport> {
  using other = tempDir();
  const copy = join(other.path, 'copy.jsonl');
  const changed = change(linesOf(path)).map((line) => `${JSON.stringify(line)}\n`);
  writeFileSync(copy, changed.join(''));
  return replayThread(copy);
}

export function expectSame(report: ReplayReport, requests: number): void {
  expect(report.differences).toEqual([]);
  expect(report).toMatchObject({ same: true, requests: { compared: requests, all: requests } });
}
