import type { ModelPrices } from '../../models/catalogue/index.ts';
import { rolloutLines } from '../../storage/rollout/index.ts';
import { HtmlTranscript } from './html/html.ts';
import { MarkdownTranscript } from './markdown.ts';
import { overviewOf } from './overview.ts';
import { TranscriptWalk } from './walk.ts';

export interface TranscriptOptions {
  /** The rollout; it is read twice, line by line. */
  readonly path: string;
  readonly format: 'html' | 'md';
  readonly prices: ModelPrices;
}

/**
 * A readable transcript of a thread, in pieces. Memory holds one line of the record, its block, and a few figures per turn.
 * @throws KeelError `rolloutCorrupt` if the record can't be read
 */
export function* transcript({ path, format, prices }: TranscriptOptions): Generator<string> {
  const overview = overviewOf(rolloutLines(path));
  const writer = format === 'html' ? new HtmlTranscript(overview, prices) : new MarkdownTranscript(overview, prices);
  const walk = new TranscriptWalk();
  yield writer.head();
  for (const line of rolloutLines(path)) {
    for (const block of walk.read(line)) yield writer.block(block);
  }
  for (const block of walk.end()) yield writer.block(block);
  yield writer.foot();
}
