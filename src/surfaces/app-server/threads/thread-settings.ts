import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import * as z from 'zod';
import { KeelError, SandboxMode } from '../../../foundation/protocol/index.ts';
import { type Config, loadConfig, overridesOf } from '../../../storage/config/index.ts';
import type { ServerContext } from '../methods/server-settings.ts';
import { approvalPolicyOf, PermissionProfile, profileMode, WireApprovalPolicy } from '../notifications/wire-policy.ts';

/** Settings that a thread is started, resumed or forked with. */
export const ThreadSettings = z.object({
  model: z.string().nullish(),
  modelProvider: z.string().nullish(),
  /** Relative to that of the server. */
  cwd: z.string().nullish(),
  approvalPolicy: WireApprovalPolicy.nullish(),
  sandbox: z.nullish(SandboxMode),
  /** A name for a sandbox mode, in its place. */
  permissions: PermissionProfile.nullish(),
  /** Further settings, as in config.toml; names may be dotted. */
  config: z.record(z.string(), z.json()).nullish(),
  baseInstructions: z.string().nullish(),
  developerInstructions: z.string().nullish(),
});
export type ThreadSettings = z.infer<typeof ThreadSettings>;

/**
 * The configuration of a thread. `recordedCwd`: where it was at work before.
 * @throws KeelError `invalidInput` for a directory that isn't there, `invalidConfig`
 */
export async function threadConfig(
  server: ServerContext,
  given: ThreadSettings,
  recordedCwd: string | null = null,
): Promise<Config> {
  const { model, modelProvider, approvalPolicy, developerInstructions, baseInstructions } = given;
  const sandbox = given.permissions ? profileMode(given.permissions) : given.sandbox;
  const config = await loadConfig({
    env: server.env,
    ...(server.systemDir === undefined ? {} : { systemDir: server.systemDir }),
    cwd: directory(server, given.cwd ?? recordedCwd ?? '.'),
    overrides: [
      ...server.overrides,
      ...overridesOf(given.config ?? {}),
      ...overridesOf(modelProvider ? { model_provider: modelProvider } : {}),
    ],
    flags: {
      ...(model ? { model } : {}),
      ...(sandbox ? { sandboxMode: sandbox } : {}),
      ...(approvalPolicy ? { approvalPolicy: approvalPolicyOf(approvalPolicy) } : {}),
      ...(developerInstructions ? { instructions: developerInstructions } : {}),
    },
  });
  return baseInstructions ? { ...config, baseInstructions } : config;
}

/** @throws KeelError `invalidInput` */
export function directory(server: Pick<ServerContext, 'cwd'>, path: string): string {
  const cwd = resolve(server.cwd, path);
  if (statSync(cwd, { throwIfNoEntry: false })?.isDirectory() === true) return cwd;
  throw new KeelError('invalidInput', `${cwd} is not a directory`);
}
