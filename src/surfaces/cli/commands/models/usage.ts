import { knownPrices } from '../../../../models/catalogue/index.ts';
import { type Config, loadConfig } from '../../../../storage/config/index.ts';
import { findRollout, requestingThread } from '../../../../storage/threads/index.ts';
import { readCommandLine, refuseMore } from '../../command-line.ts';
import type { CommandSpec } from '../../command-spec.ts';
import type { Command } from '../../commands.ts';
import type { CommandIo } from '../../io.ts';
import { data, say } from '../../output.ts';
import { choiceOf } from '../../session-options.ts';
import { UsageError } from '../../usage.ts';
import { GROUPINGS, usageReport } from './usage-groups.ts';
import { usageLines } from './usage-lines.ts';

const spec = {
  usage: ['usage [THREAD] [options]'],
  about: [
    'Show what recorded threads took of their models: requests, tokens, cost, and why the provider’s cache missed. THREAD is an id or a name; subagents and reviewers are counted under the thread that they worked for.',
    'A cost is what the request cost when it was made. Prices come from the makers’ lists and from model_prices in config.toml.',
  ],
  options: {
    by: {
      ...{ type: 'string', value: 'GROUP', choices: GROUPINGS },
      about: 'one row for each day, model or thread (day; model for one thread)',
    },
    since: { type: 'string', value: 'WHEN', about: 'requests of the last 12h, 7d or 4w, or since 2026-01-31' },
    json: { type: 'boolean', default: false, about: 'print the sums as JSON' },
  },
} as const satisfies CommandSpec;

const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** `keel usage`: what requests took. */
export const usageCommand: Command = { spec, run: usage };

async function usage(io: CommandIo, words: readonly string[]): Promise<number> {
  const { values, positionals } = readCommandLine(words, spec);
  const [name, ...more] = positionals;
  refuseMore(more);
  const by = choiceOf('by', values.by, GROUPINGS) ?? (name === undefined ? 'day' : 'model');
  const since = sinceMs(values.since);
  const config = await loadConfig({ env: io.env, cwd: io.cwd, overrides: [], flags: {} });
  const { home } = config;
  const thread = name === undefined ? null : requestingThread(findRollout(home, { type: 'id', id: name }));
  const report = usageReport({ home, thread, by, since, pricesOf: pricesIn(config) });
  if (values.json) data(io, `${JSON.stringify(report, null, 2)}\n`);
  else say(io, usageLines(report));
  return 0;
}

/** A provider that is not the configured one has the user's own prices only. */
function pricesIn({ provider, modelPrices }: Config) {
  const known = knownPrices(provider, modelPrices);
  return (id: string | null) => (id === provider.id ? known : modelPrices);
}

/** @throws UsageError */
function sinceMs(text: string | undefined): number {
  if (text === undefined) return 0;
  const [, count, unit = ''] = /^([1-9]\d{0,5})([mhdw])$/.exec(text) ?? [];
  const size = UNIT_MS[unit];
  if (count !== undefined && size !== undefined) return Date.now() - Number(count) * size;
  // A date without a time means that day here, not in Greenwich.
  const day = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00`) : Number.NaN;
  if (!Number.isNaN(day)) return day;
  throw new UsageError(`since when? --since 7d (m, h, d or w) or --since 2026-01-31, not "${text}"`);
}
