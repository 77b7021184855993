import { isAbsolute, join, resolve } from 'node:path';
import { KeelError } from '../../../foundation/protocol/index.ts';
import { userHome } from '../../../foundation/util/index.ts';
import type { ConfigFile } from '../layers/index.ts';
import type { Config, Environment, LogLevel, TelemetrySettings } from '../types.ts';

const LEVELS: readonly string[] = ['off', 'error', 'warn', 'info', 'debug'] satisfies LogLevel[];

/** The `[otel]` table; null: nothing is reported. @throws KeelError `invalidConfig` for an address that is none */
export function telemetrySettings({ otel = {} }: ConfigFile): TelemetrySettings | null {
  const { exporter = 'none' } = otel;
  if (exporter === 'none') return null;
  const nested = exporter === 'otlp-http' ? {} : exporter['otlp-http'];
  if (nested === undefined) return null;
  const { endpoint, headers = {}, env_headers: envHeaders = {} } = { ...otel, ...nested };
  return {
    endpoint: endpoint === undefined ? null : baseOf(endpoint),
    headers,
    envHeaders,
    environment: otel.environment ?? 'dev',
    logUserPrompt: otel.log_user_prompt ?? false,
    logToolOutput: otel.log_tool_output ?? false,
  };
}

/** Where all signals go. Files for the Codex CLI name the address of one signal, which says where the others go too. */
function baseOf(endpoint: string): string {
  const url = URL.parse(endpoint);
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw new KeelError('invalidConfig', `otel.endpoint: expected an http or https address, found "${endpoint}"`);
  }
  return endpoint.replace(/\/+$/, '').replace(/\/v1\/(?:traces|metrics|logs)$/, '');
}

/** Where the log is, unless `log_file` says otherwise. */
export function defaultLogPath(home: string): string {
  return join(home, 'log', 'keel.log');
}

interface LogPlace {
  readonly home: string;
  readonly env: Environment;
  readonly cwd: string;
}

/** `KEEL_LOG` is the level of one run. @throws KeelError `invalidConfig` if it is none */
export function logSettings(settings: ConfigFile, { home, env, cwd }: LogPlace): Config['log'] {
  const level = env['KEEL_LOG']?.trim().toLowerCase() || settings.log_level || 'info';
  if (!isLevel(level)) {
    throw new KeelError('invalidConfig', `KEEL_LOG = "${level}": expected off, error, warn, info or debug`);
  }
  const file = settings.log_file?.replace(/^~(?=\/)/, (sign) => userHome(env) ?? sign);
  if (file === undefined) return { path: defaultLogPath(home), level };
  return { path: isAbsolute(file) ? file : resolve(cwd, file), level };
}

function isLevel(level: string): level is LogLevel {
  return LEVELS.includes(level);
}
