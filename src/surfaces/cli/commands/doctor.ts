import { resolve } from 'node:path';
import { maskedText } from '../../../foundation/secrets/index.ts';
import { reasonOf } from '../../../foundation/util/index.ts';
import { type Config, loadConfig } from '../../../storage/config/index.ts';
import { readCommandLine, refuseMore } from '../command-line.ts';
import type { CommandSpec } from '../command-spec.ts';
import type { Command } from '../commands.ts';
import type { Finding } from '../doctor/finding.ts';
import {
  homeFinding,
  loginFinding,
  nodeVersion,
  programFindings,
  sandboxFinding,
  workTreeFinding,
} from '../doctor/machine.ts';
import { providerFindings } from '../doctor/provider.ts';
import { serverFindings } from '../doctor/servers.ts';
import { terminalFinding } from '../doctor/terminal.ts';
import type { CommandIo } from '../io.ts';
import { data, say } from '../output.ts';

const spec = {
  usage: ['doctor [options]'],
  about: [
    "Check this machine, the configuration, the provider, the MCP servers and the work tree, and say what to do about what is wrong. The exit code is 1 if something is missing that keel can't work without.",
  ],
  options: {
    json: { type: 'boolean', about: 'print the findings as JSON' },
    offline: { type: 'boolean', about: 'reach no provider and start no server' },
    model: { type: 'string', short: 'm', value: 'MODEL', about: 'model to use' },
    cd: { type: 'string', short: 'C', value: 'DIR', about: 'working directory' },
    config: {
      ...{ type: 'string', short: 'c', multiple: true, value: 'KEY=VALUE' },
      about: 'override a setting; repeatable',
    },
    profile: { type: 'string', short: 'p', value: 'NAME', about: 'profile of the configuration' },
  },
} as const satisfies CommandSpec;

type Given = ReturnType<typeof readCommandLine<typeof spec.options>>['values'];

/** `keel doctor`: checks that everything is there that keel needs. */
export const doctorCommand: Command = { spec, run: doctor };

async function doctor(io: CommandIo, words: readonly string[]): Promise<number> {
  const { values, positionals } = readCommandLine(words, spec);
  refuseMore(positionals);
  const config = await loaded(io, values);
  const bwrapPath = config instanceof Error ? null : config.sandbox.bwrapPath;
  const checks = await Promise.all([
    config instanceof Error ? [] : configured(config, values.offline ?? false),
    programFindings(io),
    sandboxFinding(bwrapPath),
    terminalFinding(io),
  ]);
  const findings = [nodeVersion(), homeFinding(io), ...configuration(config), ...checks.flat()];
  if (values.json) data(io, `${JSON.stringify(findings, null, 2)}\n`);
  else for (const finding of findings) say(io, lineOf(finding));
  return findings.some(({ state }) => state === 'missing') ? 1 : 0;
}

const MARKS = { ok: 'ok  ', note: 'note', missing: 'FAIL' } as const;

function lineOf({ state, name, detail, fix }: Finding): string {
  return `${MARKS[state]}  ${name}: ${detail}\n${fix === undefined ? '' : `      fix: ${fix}\n`}`;
}

async function loaded(io: CommandIo, { model, profile, config = [], cd = '' }: Given): Promise<Config | Error> {
  const flags = { ...(model === undefined ? {} : { model }), ...(profile === undefined ? {} : { profile }) };
  try {
    return await loadConfig({ env: io.env, cwd: resolve(io.cwd, cd), overrides: config, flags });
  } catch (error) {
    return new Error(reasonOf(error));
  }
}

function configuration(config: Config | Error): Finding[] {
  const name = 'configuration';
  if (config instanceof Error) return [{ name, state: 'missing', detail: config.message }];
  const detail = `model ${config.model} of ${config.provider.id} at ${maskedText(config.provider.baseUrl)}`;
  return [
    { name, state: 'ok', detail },
    ...config.plugins.map((plugin): Finding => ({ name: `plugin ${plugin.name}`, state: 'ok', detail: 'is used' })),
    ...config.warnings.map((warning): Finding => ({ name, state: 'note', detail: warning })),
  ];
}

async function configured(config: Config, isOffline: boolean): Promise<Finding[]> {
  const found = await Promise.all([
    providerFindings(config, isOffline),
    isOffline ? [] : serverFindings(config),
    loginFinding(config),
    workTreeFinding(config),
  ]);
  return found.flat();
}
