import { createHash } from 'node:crypto';
import { assertNever, version } from '../../../foundation/util/index.ts';
import type { ModelPrices } from '../../../models/catalogue/index.ts';
import type { Block } from '../blocks.ts';
import type { Overview } from '../overview.ts';
import { costOfTurn, dollars, shortCount } from '../prices.ts';
import { duration } from '../times.ts';
import { callHtml, itemHtml } from './html-item.ts';
import { escapeHtml, folded, pre } from './html-text.ts';
import { safeMarkdown } from './safe-markdown.ts';
import { STYLE } from './style.css.ts';
import { usageCharts } from './usage-chart.ts';

/** Whatever the text of a thread is, the page loads and runs nothing: one style, named by its hash, and embedded images. */
const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; img-src data:; base-uri 'none'; form-action 'none'`;

/** Writes a transcript as one page that needs nothing else: no script, no address that is loaded. */
export class HtmlTranscript {
  readonly #overview: Overview;
  readonly #prices: ModelPrices;

  constructor(overview: Overview, prices: ModelPrices) {
    this.#overview = overview;
    this.#prices = prices;
  }

  head(): string {
    const { meta, models, turns } = this.#overview;
    const title = escapeHtml(this.#overview.title || 'Empty thread');
    const facts = [
      ['Started', when(meta?.timestamp ?? null)],
      ['Directory', meta?.cwd],
      ['Model', models.join(', ')],
      ['Turns', String(turns.length)],
      ['Thread', meta?.id],
      ['Forked from', meta?.forked_from_id],
    ].flatMap(([name, value]) => (value ? [`<dt>${name}</dt><dd>${escapeHtml(value)}</dd>`] : []));
    return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="keel ${version}">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>${title}</h1>
<dl class="facts">${facts.join('')}</dl>
${usageCharts(turns, this.#prices)}</header>
<main>
`;
  }

  block(block: Block): string {
    switch (block.type) {
      case 'turnStarted': {
        const { number, at } = block;
        const time = at === null ? '' : `<time datetime="${escapeHtml(at)}">${escapeHtml(when(at))}</time>`;
        const isTakenBack = this.#overview.turns[number - 1]?.isTakenBack ?? false;
        const name = `<a href="#turn-${number}">Turn ${number}</a>${isTakenBack ? '<span>rolled back</span>' : ''}`;
        return `<section class="turn${isTakenBack ? ' taken' : ''}" id="turn-${number}">\n<h2>${name}${time}</h2>\n`;
      }
      case 'turnEnded':
        return this.#turnEnded(block);
      case 'item':
        return itemHtml(block.item, block.output);
      case 'context':
        return contextHtml(block);
      case 'call':
        return callHtml(block.name, block.input, block.output);
      case 'compacted': {
        const label = '<span class="what">The conversation was compacted: the handover</span>';
        return folded('compacted', label, safeMarkdown(block.handover));
      }
      case 'failure':
        return `<div class="failure">${escapeHtml(block.message)}</div>\n`;
      case 'note':
        return `<p class="note">${escapeHtml(block.text)}</p>\n`;
      default:
        return assertNever(block, 'block');
    }
  }

  foot(): string {
    return `</main>\n<footer>Written by keel ${version} from the thread's record.</footer>\n</body>\n</html>\n`;
  }

  #turnEnded({ number, status, error }: Extract<Block, { type: 'turnEnded' }>): string {
    const turn = this.#overview.turns[number - 1];
    const cost = turn ? costOfTurn(turn, this.#prices) : null;
    const facts = [
      status,
      turn ? duration(turn.startedAt, turn.endedAt) : '',
      turn?.usage ? `${shortCount(turn.usage.input_tokens)} in, ${shortCount(turn.usage.output_tokens)} out` : '',
      cost === null ? '' : dollars(cost),
    ].filter((fact) => fact !== '');
    const failed = error === null ? '' : `<div class="failure">${escapeHtml(error)}</div>\n`;
    return `${failed}<p class="end ${status}">${escapeHtml(facts.join(' · '))}</p>\n</section>\n`;
  }
}

function contextHtml({ title, text, isFolded, result }: Extract<Block, { type: 'context' }>): string {
  const label = (words: string) => `<span class="what">${escapeHtml(words)}</span>`;
  if (isFolded) return folded('context', label(title), pre(text));
  const heading = `<h3>${escapeHtml(title)}</h3>`;
  if (result === null) return `${heading}${pre(text)}\n`;
  const whole = folded('context', label('As the model got it'), pre(text));
  return `${heading}<div class="review">${escapeHtml(result)}</div>${whole}\n`;
}

/** A recorded time, UTC, to the minute. */
function when(timestamp: string | null): string {
  return timestamp === null ? '' : `${timestamp.slice(0, 16).replace('T', ' ')} UTC`;
}
