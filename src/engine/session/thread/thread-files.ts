import { join } from 'node:path';
import { LocalToolHost, type ToolHost } from '../../../tools/index.ts';

/** The calls that another thread's ledger knows, to be read only. */
export function recordedCalls(home: string, threadId: string): Pick<ToolHost, 'recall'> {
  const dir = threadFolder(home, threadId);
  return new LocalToolHost({
    ledgerPath: ledgerPath(dir),
    outputPath: (callId) => outputPath(dir, callId),
    now: Date.now,
    syncJournal: () => Promise.resolve(),
    fence: () => undefined,
  });
}

export function threadFolder(home: string, threadId: string): string {
  return join(home, 'threads', threadId);
}

export function ledgerPath(threadDir: string): string {
  return join(threadDir, 'calls.jsonl');
}

/** The processes that commands of the thread have started. */
export function groupsPath(threadDir: string): string {
  return join(threadDir, 'groups.jsonl');
}

export function outputPath(threadDir: string, callId: string): string {
  return join(threadDir, 'output', fileName(callId));
}

/** A call id comes from the model: a file name has only harmless characters of it. */
function fileName(callId: string): string {
  return `${callId.replaceAll(/[^A-Za-z0-9_.-]/g, '_').slice(0, 100)}.log`;
}
