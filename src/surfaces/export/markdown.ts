import type { ThreadItem } from '../../foundation/protocol/index.ts';
import { assertNever } from '../../foundation/util/index.ts';
import type { ModelPrices } from '../../models/catalogue/index.ts';
import type { Block } from './blocks.ts';
import { agentTexts, changeLabel, changeVerb, diffLines, endLabel } from './labels.ts';
import type { Overview, TurnFigures } from './overview.ts';
import { costOfTurn, dollars, freshInput, shortCount } from './prices.ts';
import { shownOutput, visible } from './shown-text.ts';
import { duration } from './times.ts';

/** Writes a transcript as Markdown: messages as they are, everything else in fences. */
export class MarkdownTranscript {
  readonly #overview: Overview;
  readonly #prices: ModelPrices;

  constructor(overview: Overview, prices: ModelPrices) {
    this.#overview = overview;
    this.#prices = prices;
  }

  head(): string {
    const { meta, title, models, turns } = this.#overview;
    const rows = [
      ['Thread', meta?.id],
      ['Started', meta?.timestamp],
      ['Directory', meta?.cwd],
      ['Model', models.join(', ')],
      ['Turns', String(turns.length)],
      ['Forked from', meta?.forked_from_id],
    ];
    const facts = rows.flatMap(([name, value]) => (value ? [`- ${name}: ${code(value)}\n`] : []));
    return `# ${inline(title || 'Empty thread')}\n\n${facts.join('')}`;
  }

  block(block: Block): string {
    switch (block.type) {
      case 'turnStarted':
        return `\n## Turn ${block.number}${this.#isTakenBack(block.number) ? ' (rolled back)' : ''}\n`;
      case 'turnEnded':
        return this.#turnEnded(block);
      case 'item':
        return item(block.item, block.output);
      case 'context':
        return `\n**${block.title}**\n\n${fence(visible(block.result ?? block.text))}`;
      case 'call': {
        const output = block.output === null ? '\n*No output is recorded.*\n' : fence(shownOutput(block.output));
        return `\n**Call** ${code(block.name)}\n\n${fence(visible(block.input))}\n${output}`;
      }
      case 'compacted':
        return `\n**The conversation was compacted.**\n\n${quote(block.handover)}`;
      case 'failure':
        return `\n**Error:** ${inline(block.message)}\n`;
      case 'note':
        return `\n*${inline(block.text)}*\n`;
      default:
        return assertNever(block, 'block');
    }
  }

  foot(): string {
    const { turns } = this.#overview;
    if (!turns.some(({ usage }) => usage !== null)) return '';
    const withCost = turns.some((turn) => costOfTurn(turn, this.#prices) !== null);
    const head = ['Turn', 'Model', 'Input', 'Cached', 'Output', ...(withCost ? ['Cost'] : [])];
    const rows = turns.map((turn) => row(this.#figures(turn, withCost)));
    return `\n## Usage\n\n${row(head)}${row(head.map((_, at) => (at < 2 ? '---' : '--:')))}${rows.join('')}`;
  }

  #figures(turn: TurnFigures, withCost: boolean): string[] {
    const { usage } = turn;
    const counts =
      usage === null ? [null, null, null] : [freshInput(usage), usage.cached_input_tokens, usage.output_tokens];
    const cost = costOfTurn(turn, this.#prices);
    return [
      String(turn.number),
      inline(turn.model ?? ''),
      ...counts.map((count) => (count === null ? '' : shortCount(count))),
      ...(withCost ? [cost === null ? '' : dollars(cost)] : []),
    ];
  }

  #isTakenBack(number: number): boolean {
    return this.#overview.turns[number - 1]?.isTakenBack ?? false;
  }

  #turnEnded({ number, status, error }: Extract<Block, { type: 'turnEnded' }>): string {
    const turn = this.#overview.turns[number - 1];
    const took = turn ? duration(turn.startedAt, turn.endedAt) : '';
    const failed = error === null ? '' : `\n**Error:** ${inline(error)}\n`;
    return `${failed}\n*Turn ${number}: ${[status, took].filter((part) => part !== '').join(', ')}*\n`;
  }
}

function item(shown: ThreadItem, output: string | null): string {
  switch (shown.type) {
    case 'userMessage': {
      const parts = shown.content.map((part) => (part.type === 'text' ? part.text : '[an image]'));
      return `\n**User**\n\n${quote(parts.join('\n'))}`;
    }
    case 'agentMessage':
      return `\n**Agent**\n\n${visible(shown.text)}\n`;
    case 'reasoning':
      return `\n**Reasoning**\n\n${quote([...shown.summary, ...shown.content].join('\n\n'))}`;
    case 'commandExecution': {
      const text = shown.aggregatedOutput ?? output ?? '';
      const result = text === '' ? '' : `\n${fence(shownOutput(text))}`;
      return `\n**Command** (${endLabel(shown) || shown.status})\n\n${fence(visible(shown.command), 'sh')}${result}`;
    }
    case 'fileChange': {
      const files = shown.changes.map(
        (change) =>
          `\n${changeVerb(change)} ${code(changeLabel(change))}\n\n${fence(shownOutput(diffLines(change).join('\n')), 'diff')}`,
      );
      const why = shown.reason === undefined ? '' : `\n${quote(shown.reason)}`;
      return `\n**Patch** (${shown.status})\n${why}${files.join('')}`;
    }
    case 'mcpToolCall':
      return tool(`${shown.server}.${shown.tool}`, shown.status, JSON.stringify(shown.arguments) ?? '', output);
    case 'toolCall':
      return tool(shown.tool, shown.status, shown.arguments, output);
    case 'collabAgentToolCall': {
      const { name, task, answer } = agentTexts(shown, output);
      return tool(name, shown.status, task, answer);
    }
    case 'webSearch':
      return `\n**Web search** ${code(shown.query)}\n`;
    case 'imageView':
      return `\n**Image** ${code(shown.path)}\n`;
    case 'imageGeneration':
      return `\n**Picture** ${shown.prompt === '' ? '' : inline(shown.prompt)}\n`;
    case 'plan': {
      const boxes = { pending: '[ ]', in_progress: '[ ] …', completed: '[x]' } as const;
      const steps = shown.steps.map(({ step, status }) => `- ${boxes[status]} ${inline(step)}\n`);
      const why = shown.explanation === null ? '' : `${quote(shown.explanation)}\n`;
      return `\n**Plan**\n\n${why}${steps.join('')}`;
    }
    // The end of the turn shows it.
    case 'budgetExceeded':
    case 'contextCompaction':
      return '';
    case 'enteredReviewMode':
      return `\n**Review started:** ${inline(shown.review)}\n`;
    case 'exitedReviewMode':
      return `\n**Review**\n\n${quote(shown.review)}`;
    case 'undo':
      return `\n**Undo:** ${inline(shown.message)}\n`;
    default:
      return assertNever(shown, 'item');
  }
}

function tool(name: string, status: string, input: string, output: string | null): string {
  const result = output === null || output === '' ? '' : `\n${fence(shownOutput(output))}`;
  return `\n**Tool** ${code(name)} (${status})\n\n${input === '' ? '' : fence(visible(input))}${result}`;
}

/** A fence longer than any in the text. */
function fence(text: string, language = ''): string {
  const bar = '`'.repeat(Math.max(3, longestRun(text) + 1));
  return `${bar}${language}\n${text}${text.endsWith('\n') ? '' : '\n'}${bar}\n`;
}

/** The longest run of backticks. */
function longestRun(text: string): number {
  return (text.match(/`+/g) ?? []).reduce((longest, run) => Math.max(longest, run.length), 0);
}

function quote(text: string): string {
  return `${visible(text)
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => `> ${line}`.trimEnd())
    .join('\n')}\n`;
}

/** Text as one line of code. */
function code(text: string): string {
  const line = visible(text).replaceAll(/\s+/g, ' ');
  const bar = '`'.repeat(1 + longestRun(line));
  const gap = line.startsWith('`') || line.endsWith('`') ? ' ' : '';
  return `${bar}${gap}${line}${gap}${bar}`;
}

/** Text on one line, with markup escaped. */
function inline(text: string): string {
  return visible(text)
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[\\`*_[\]<>#|~]/g, (char) => `\\${char}`);
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |\n`;
}
