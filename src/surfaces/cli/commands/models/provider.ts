import { printable } from '../../../../foundation/util/index.ts';
import { modelInfo } from '../../../../models/catalogue/index.ts';
import type { Finding } from '../../../../models/conformance/index.ts';
import { type Config, loadConfig } from '../../../../storage/config/index.ts';
import { readCommandLine, refuseMore } from '../../command-line.ts';
import type { CommandSpec } from '../../command-spec.ts';
import type { Command } from '../../commands.ts';
import type { CommandIo } from '../../io.ts';
import { data, say } from '../../output.ts';
import { stopSignal } from '../../stop-signal.ts';
import { HelpRequested, UsageError } from '../../usage.ts';
import { providerAccess } from './provider-access.ts';

const spec = {
  usage: ['provider test [NAME] [options]'],
  about: [
    'Check what a provider and a model can do with keel: text, streams, tools, several tools at once, freeform tools, pictures, thoughts, usage, long answers, cancelling and refusals. NAME is a provider of the configuration; without it, the configured one.',
    'Some fifteen short requests are made, which cost a few cents at most. At the end it prints the settings that make the rest work. The exit code is 1 if text or tools fail: keel can do nothing without them.',
  ],
  verbs: { test: '' },
  options: {
    model: { type: 'string', short: 'm', value: 'MODEL', about: 'the model to check' },
    config: {
      ...{ type: 'string', short: 'c', multiple: true, value: 'KEY=VALUE' },
      about: 'override a setting; repeatable',
    },
    json: { type: 'boolean', default: false, about: 'print the findings as JSON' },
  },
} as const satisfies CommandSpec;

/** `keel provider test`: what works with a provider. */
export const providerCommand: Command = { spec, run: provider };

async function provider(io: CommandIo, words: readonly string[]): Promise<number> {
  const { values, positionals } = readCommandLine(words, spec);
  const [verb, name, ...more] = positionals;
  if (verb === undefined) throw new HelpRequested(spec);
  if (verb !== 'test') throw new UsageError(`there is no "provider ${verb}"`);
  refuseMore(more);
  const named = name === undefined ? [] : [`model_provider=${JSON.stringify(name)}`];
  const overrides = [...(values.config ?? []), ...named];
  const flags = values.model === undefined ? {} : { model: values.model };
  const config = await loadConfig({ env: io.env, cwd: io.cwd, overrides, flags });
  return await test(io, config, values.json);
}

async function test(io: CommandIo, config: Config, isJson: boolean): Promise<number> {
  const { isUsable, Probe, runChecks } = await import('../../../../models/conformance/index.ts');
  using stop = stopSignal(io);
  const access = await providerAccess(config);
  try {
    const model = modelInfo(config.model, config);
    const probe = new Probe({ client: access.client, model, providerId: config.provider.id, signal: stop.signal });
    const findings: Finding[] = [];
    if (!isJson)
      say(io, printable(`${config.provider.name}, ${model.slug} (wire_api = "${config.provider.wireApi}")\n`));
    for await (const finding of runChecks(probe)) {
      findings.push(finding);
      if (!isJson) say(io, lineOf(finding));
    }
    const usable = isUsable(findings);
    if (isJson)
      data(io, `${JSON.stringify({ provider: config.provider.id, model: model.slug, usable, findings }, null, 2)}\n`);
    else say(io, printable(closing(findings, usable)));
    return usable ? 0 : 1;
  } catch (error) {
    if (stop.signal.aborted) return Number(stop.signal.reason);
    throw error;
  } finally {
    access.close();
  }
}

const WORDS = { works: 'works', partly: 'partly', fails: 'FAILS', skipped: 'skipped' } as const;

function lineOf({ check, state, detail }: Finding): string {
  return printable(`${check.padEnd(15)}${WORDS[state].padEnd(9)}${detail}\n`);
}

function closing(findings: readonly Finding[], usable: boolean): string {
  const settings = [...new Set(findings.flatMap((finding) => finding.settings))];
  const help =
    settings.length === 0
      ? ''
      : `\nSettings that help, for config.toml:\n${settings.map((line) => `  ${line}\n`).join('')}`;
  return `${help}\n${usable ? 'keel can work with this model.' : 'keel can not work with this model: it needs text and tools.'}\n`;
}
