import { arch, platform, release } from 'node:os';
import * as z from 'zod';
import { version } from '../../../foundation/util/index.ts';

export const InitializeParams = z.object({
  clientInfo: z.object({ name: z.string(), title: z.string().nullish(), version: z.string() }),
  capabilities: z
    .object({
      experimentalApi: z.boolean().nullish(),
      optOutNotificationMethods: z.array(z.string()).nullish(),
    })
    .nullish(),
});
export type InitializeParams = z.infer<typeof InitializeParams>;

/** What a client has said of itself. */
export interface ClientCapabilities {
  readonly experimentalApi: boolean;
  /** Notifications that it doesn't want, by their exact names. */
  readonly optedOut: ReadonlySet<string>;
}

export function capabilitiesOf({ capabilities }: InitializeParams): ClientCapabilities {
  return {
    experimentalApi: capabilities?.experimentalApi ?? false,
    optedOut: new Set(capabilities?.optOutNotificationMethods ?? []),
  };
}

const OS_NAMES: Readonly<Record<string, string>> = { darwin: 'macos', win32: 'windows' };

/** The answer to `initialize`. */
export function introduction({ clientInfo }: InitializeParams, home: string): object {
  const { name, version: clientVersion } = clientInfo;
  return {
    userAgent: `keel/${version} (${platform()} ${release()}; ${arch()}) (${name}; ${clientVersion})`,
    codexHome: home,
    platformFamily: platform() === 'win32' ? 'windows' : 'unix',
    platformOs: OS_NAMES[platform()] ?? platform(),
  };
}
