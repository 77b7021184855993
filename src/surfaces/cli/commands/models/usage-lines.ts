import { CACHE_MISS_TEXTS, type CacheMiss } from '../../../../foundation/protocol/index.ts';
import { table } from '../../table.ts';
import type { UsageReport } from './usage-groups.ts';
import type { UsageSum } from './usage-sums.ts';

/** A report for people. */
export function usageLines({ by, rows, total }: UsageReport): string {
  if (total.requests === 0) return 'No answered requests are recorded.\n';
  const head = [
    by,
    'requests',
    'input',
    'cached',
    'output',
    'reasoning',
    'cost',
    ...(by === 'thread' ? ['directory'] : []),
  ];
  const lines = rows.map(({ key, cwd, sum }) => [key, ...cells(sum), ...(by === 'thread' ? [cwd ?? ''] : [])]);
  const sums = rows.length > 1 ? [['total', ...cells(total)]] : [];
  return `${table(head, [...lines, ...sums])}${notes(total)}`;
}

function cells(sum: UsageSum): string[] {
  const counts = [
    sum.requests,
    sum.input_tokens,
    sum.cached_input_tokens,
    sum.output_tokens,
    sum.reasoning_output_tokens,
  ];
  return [...counts.map((count) => count.toLocaleString('en-US')), cost(sum)];
}

/** `+`: at least so much, since the price of some requests is unknown. */
function cost({ cost_usd: known, unpriced_requests: unpriced, requests }: UsageSum): string {
  if (unpriced === requests) return '?';
  return `$${known.toFixed(4)}${unpriced === 0 ? '' : '+'}`;
}

function notes(total: UsageSum): string {
  const { unpriced_requests: unpriced, unmeasured_requests: unmeasured, first_token_ms: first } = total;
  const misses = Object.entries(total.cache_misses).map(([reason, { requests, tokens }]) => {
    const again = tokens === 0 ? '' : `, ${tokens.toLocaleString('en-US')} tokens paid again`;
    return `  ${requests.toLocaleString('en-US')}  ${isReason(reason) ? CACHE_MISS_TEXTS[reason] : reason}${again}\n`;
  });
  return [
    ...(first === null ? [] : [`First token after ${(first / 1_000).toFixed(1)} s on average.\n`]),
    ...(unmeasured === 0 ? [] : [`The provider reported no tokens for ${unmeasured} of the requests.\n`]),
    ...(unpriced === 0
      ? []
      : [`The price of ${unpriced} requests is not known: set model_prices."<model>" in config.toml.\n`]),
    ...(misses.length === 0 ? [] : ['Requests that the cache did not serve, by reason:\n', ...misses]),
  ].join('');
}

function isReason(text: string): text is CacheMiss {
  return Object.hasOwn(CACHE_MISS_TEXTS, text);
}
