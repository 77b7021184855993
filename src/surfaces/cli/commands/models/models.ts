import { KeelError } from '../../../../foundation/protocol/index.ts';
import { printable } from '../../../../foundation/util/index.ts';
import {
  FAMILIES_AS_OF,
  knownPrices,
  LIST_PRICES_AS_OF,
  modelInfo,
  priceOf,
} from '../../../../models/catalogue/index.ts';
import type { ListedModel } from '../../../../models/client/index.ts';
import { type Config, loadConfig, type ModelPrice } from '../../../../storage/config/index.ts';
import { readCommandLine, refuseMore } from '../../command-line.ts';
import type { CommandSpec } from '../../command-spec.ts';
import type { Command } from '../../commands.ts';
import type { CommandIo } from '../../io.ts';
import { data, note, say } from '../../output.ts';
import { table } from '../../table.ts';
import { providerAccess } from './provider-access.ts';

const spec = {
  usage: ['models [options]'],
  about: [
    'List the models of the configured provider: what keel knows of them and what you set, and which of them the provider itself lists.',
    'The one with * is configured. Windows are in tokens, prices in US dollars for a million tokens (input, cached input, output). Set what is missing or wrong in config.toml: [models."NAME"] and [model_prices."NAME"].',
  ],
  options: {
    config: {
      ...{ type: 'string', short: 'c', multiple: true, value: 'KEY=VALUE' },
      about: 'override a setting, such as model_provider=openrouter',
    },
    offline: { type: 'boolean', default: false, about: 'do not ask the provider' },
    json: { type: 'boolean', default: false, about: 'print everything that is known, as JSON' },
  },
} as const satisfies CommandSpec;

/** How long the provider has to answer, ms. */
const ANSWER_MS = 5_000;

/** `keel models`: what can be used. */
export const modelsCommand: Command = { spec, run: models };

async function models(io: CommandIo, words: readonly string[]): Promise<number> {
  const { values, positionals } = readCommandLine(words, spec);
  refuseMore(positionals);
  const config = await loadConfig({ env: io.env, cwd: io.cwd, overrides: values.config ?? [], flags: {} });
  const listed = values.offline ? 'it was not asked' : await listedBy(config);
  const rows = rowsOf(config, typeof listed === 'string' ? null : listed);
  if (values.json) {
    const { id, name } = config.provider;
    const dates = { families: FAMILIES_AS_OF, prices: LIST_PRICES_AS_OF };
    const problem = typeof listed === 'string' ? listed : null;
    data(
      io,
      `${JSON.stringify({ provider: { id, name }, dates, not_listed_because: problem, models: rows }, null, 2)}\n`,
    );
    return 0;
  }
  say(io, printable(tableOf(rows)));
  if (typeof listed === 'string') {
    note(io, printable(`Which of them ${config.provider.name} has is not known: ${listed}\n`));
  }
  return 0;
}

/** The provider's own list, or why there is none. */
async function listedBy(config: Config): Promise<readonly ListedModel[] | string> {
  const late = AbortSignal.timeout(ANSWER_MS);
  try {
    const access = await providerAccess(config);
    try {
      return await access.list(late);
    } finally {
      access.close();
    }
  } catch (error) {
    if (late.aborted) return `no answer within ${ANSWER_MS / 1_000} s`;
    if (error instanceof KeelError) return error.message;
    throw error;
  }
}

interface ModelRow {
  readonly name: string;
  readonly family: string;
  readonly configured: boolean;
  /** Whether the provider lists it; null: the provider could not be asked. */
  readonly listed: boolean | null;
  readonly context_window: number | null;
  readonly max_output_tokens: number | null;
  readonly efforts: readonly string[] | null;
  readonly tools: boolean;
  readonly parallel_tool_calls: boolean;
  readonly images: boolean;
  readonly price: ModelPrice | null;
}

function rowsOf(config: Config, listed: readonly ListedModel[] | null): ModelRow[] {
  const prices = knownPrices(config.provider, config.modelPrices);
  const byId = new Map((listed ?? []).map((model) => [model.id, model]));
  const own = [config.model, ...Object.keys(config.models), ...Object.keys(prices)];
  const names = [...new Set([...own, ...byId.keys()])].filter((name) => name !== '').sort();
  return names.map((name) =>
    rowOf(name, { config, prices, listed: listed === null ? null : (byId.get(name) ?? false) }),
  );
}

interface RowFacts {
  readonly config: Config;
  readonly prices: Config['modelPrices'];
  /** False: the provider does not list it. Null: the provider could not be asked. */
  readonly listed: ListedModel | false | null;
}

/** What the user set wins, then what the provider says, where keel does not know the model. */
function rowOf(name: string, { config, prices, listed }: RowFacts): ModelRow {
  const info = modelInfo(name, config);
  const said = listed || null;
  const isSet = Object.hasOwn(config.models, name);
  return {
    name,
    family: info.family,
    configured: name === config.model,
    listed: listed === null ? null : listed !== false,
    context_window: info.known ? info.contextWindow : (said?.contextWindow ?? info.contextWindow),
    max_output_tokens: info.maxOutputTokens,
    efforts: info.efforts,
    tools: isSet ? info.supportsTools : (said?.takesTools ?? info.supportsTools),
    parallel_tool_calls: info.supportsParallelToolCalls,
    images: info.supportsImages,
    price: priceOf(name, prices),
  };
}

/** The table fits a terminal of this many columns; `--json` has what does not. */
const WIDTH = 80;

type Column = readonly [head: string, cell: (row: ModelRow) => string | undefined];

const COLUMNS: readonly Column[] = [
  ['model', ({ configured, name }) => `${configured ? '* ' : '  '}${name}`],
  ['listed', ({ listed }) => (listed === null ? '?' : yesNo(listed))],
  ['family', ({ family }) => family],
  ['window', ({ context_window: count }) => tokens(count)],
  ['output', ({ max_output_tokens: count }) => tokens(count)],
  ['tools', ({ tools }) => yesNo(tools)],
  ['images', ({ images }) => yesNo(images)],
  ['efforts', ({ efforts }) => (efforts === null ? undefined : effortRange(efforts))],
  ['price', ({ price }) => (price === null ? undefined : priceText(price))],
];

/** What is left out first where names are long. */
const LESS_NEEDED = ['family', 'output', 'images', 'tools', 'efforts', 'window'];

function tableOf(rows: readonly ModelRow[]): string {
  const tableWith = (columns: readonly Column[]) =>
    table(
      columns.map(([head]) => head),
      rows.map((row) => columns.map(([, cell]) => cell(row))),
    );
  for (let left = 0; ; left += 1) {
    const hidden = LESS_NEEDED.slice(0, left);
    const text = tableWith(COLUMNS.filter(([head]) => !hidden.includes(head)));
    const fits = text.split('\n').every((line) => line.length <= WIDTH);
    if (fits || left === LESS_NEEDED.length) return text;
  }
}

const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'];

/** `low-xhigh` for all from one to the other. */
function effortRange(efforts: readonly string[]): string {
  const [first = '', last = ''] = [efforts.at(0), efforts.at(-1)];
  const range = EFFORTS.slice(EFFORTS.indexOf(first), EFFORTS.indexOf(last) + 1);
  return efforts.length > 2 && range.join() === efforts.join() ? `${first}-${last}` : efforts.join(',');
}

function yesNo(value: boolean): string {
  return value ? 'yes' : 'no';
}

function tokens(count: number | null): string | undefined {
  return count?.toLocaleString('en-US');
}

function priceText({ input, cachedInput, output }: ModelPrice): string {
  return `${input} ${cachedInput ?? input} ${output}`;
}
