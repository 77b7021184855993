import { CACHE_MISS_TEXTS } from '../../../foundation/protocol/index.ts';
import type { ModelPrices } from '../../../models/catalogue/index.ts';
import type { TurnFigures } from '../overview.ts';
import { costOfTurn, dollars, freshInput, shortCount } from '../prices.ts';
import { duration } from '../times.ts';
import { type Bar, barChart } from './chart.ts';
import { escapeHtml, folded } from './html-text.ts';

/** The most bars that a reader can distinguish; with more turns several share one. */
const MAX_BARS = 48;
/** The most rows of the table of figures. */
const MAX_ROWS = 500;

/** Tokens and, where prices are known, cost of each turn: as charts and as a table. Empty where nothing is recorded. */
export function usageCharts(turns: readonly TurnFigures[], prices: ModelPrices): string {
  if (!turns.some(({ usage }) => usage !== null)) return '';
  const groups = grouped(turns);
  const tokens = barChart({
    title: 'Tokens per turn',
    note: totals(turns),
    keys: [
      { name: 'cached input', className: 's1' },
      { name: 'input', className: 's2' },
      { name: 'output', className: 's3' },
    ],
    bars: groups.map((group) => bar(group, tokenParts(group), tokenTip(group))),
    format: shortCount,
  });
  return tokens + costChart(turns, groups, prices) + missChart(turns, groups) + figures(turns, prices);
}

function costChart(turns: readonly TurnFigures[], groups: readonly Group[], prices: ModelPrices): string {
  const costs = turns.map((turn) => costOfTurn(turn, prices));
  if (!costs.some((cost) => cost !== null)) return '';
  const unknown = costs.filter((cost, at) => cost === null && turns[at]?.usage != null).length;
  const total = costs.reduce<number>((sum, cost) => sum + (cost ?? 0), 0);
  const more = unknown === 0 ? '' : `, ${unknown} of unknown price`;
  return barChart({
    title: 'Cost per turn',
    note: `${dollars(total)} in all${more}`,
    keys: [{ name: 'US dollars', className: 's2' }],
    bars: groups.map((group) => {
      const cost = group.reduce((sum, turn) => sum + (costOfTurn(turn, prices) ?? 0), 0);
      return bar(group, [cost], `${nameOf(group)}: ${dollars(cost)}`);
    }),
    format: dollars,
  });
}

/** Input that was paid for again since the provider's cache did not serve it. Empty where the cache served all it could. */
function missChart(turns: readonly TurnFigures[], groups: readonly Group[]): string {
  const missed = (group: Group) => group.reduce((sum, { missedTokens }) => sum + missedTokens, 0);
  if (missed(turns) === 0) return '';
  return barChart({
    title: 'Cache misses per turn',
    note: `${shortCount(missed(turns))} input tokens that the cache could have served`,
    keys: [{ name: 'input paid again', className: 's3' }],
    bars: groups.map((group) => {
      const reasons = [...new Set(group.flatMap(({ misses }) => misses.map((miss) => CACHE_MISS_TEXTS[miss])))].join(
        '; ',
      );
      return bar(group, [missed(group)], `${nameOf(group)}: ${shortCount(missed(group))}${reasons && ` (${reasons})`}`);
    }),
    format: shortCount,
  });
}

type Group = readonly TurnFigures[];

function grouped(turns: readonly TurnFigures[]): Group[] {
  const size = Math.ceil(turns.length / MAX_BARS);
  const count = Math.ceil(turns.length / size);
  return Array.from({ length: count }, (_, at) => turns.slice(at * size, (at + 1) * size));
}

function bar(group: Group, parts: readonly number[], tip: string): Bar {
  const first = group[0]?.number ?? 1;
  return { label: String(first), tip, href: `#turn-${first}`, parts };
}

function nameOf(group: Group): string {
  const first = group[0]?.number;
  const last = group.at(-1)?.number;
  return first === last ? `Turn ${first}` : `Turns ${first} to ${last}`;
}

function tokenParts(group: Group): [number, number, number] {
  const parts: [number, number, number] = [0, 0, 0];
  for (const { usage } of group) {
    if (usage === null) continue;
    parts[0] += usage.cached_input_tokens;
    parts[1] += freshInput(usage);
    parts[2] += usage.output_tokens;
  }
  return parts;
}

function tokenTip(group: Group): string {
  const [cached, fresh, output] = tokenParts(group);
  return `${nameOf(group)}: input ${shortCount(fresh)}, cached ${shortCount(cached)}, output ${shortCount(output)}`;
}

function totals(turns: Group): string {
  const [cached, fresh, output] = tokenParts(turns);
  return `${shortCount(cached + fresh)} in (${shortCount(cached)} cached), ${shortCount(output)} out`;
}

function figures(turns: readonly TurnFigures[], prices: ModelPrices): string {
  const heads = ['Turn', 'Model', 'Input', 'Cached', 'Output', 'Cost', 'Time'];
  const head = heads.map((name, at) => `<th${at > 1 ? ' class="n"' : ''}>${name}</th>`).join('');
  const rows = turns.slice(0, MAX_ROWS).map((turn) => figureRow(turn, prices));
  const more = turns.length - rows.length;
  const rest = more > 0 ? `<p class="note">${more} more turns are in the record.</p>` : '';
  return folded(
    'figures',
    '<span class="what">Figures</span>',
    `<table><tr>${head}</tr>${rows.join('')}</table>${rest}`,
  );
}

function figureRow(turn: TurnFigures, prices: ModelPrices): string {
  const { usage, number, model } = turn;
  const cost = costOfTurn(turn, prices);
  const cells = [
    usage === null ? '' : shortCount(freshInput(usage)),
    usage === null ? '' : shortCount(usage.cached_input_tokens),
    usage === null ? '' : shortCount(usage.output_tokens),
    cost === null ? '' : dollars(cost),
    duration(turn.startedAt, turn.endedAt),
  ];
  const name = `<td><a href="#turn-${number}">${number}</a></td><td>${escapeHtml(model ?? '')}</td>`;
  return `<tr>${name}${cells.map((cell) => `<td class="n">${cell}</td>`).join('')}</tr>\n`;
}
