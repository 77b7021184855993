import { modeOf } from '../../../engine/threads/index.ts';
import type { Config } from '../../../storage/config/index.ts';
import type { Settings } from '../session/settings.ts';

/** The answer to `/status`. */
export function statusText(settings: Settings, { cwd, provider }: Config, threadId: string): string {
  const { model, effort, approvalPolicy, sandboxPolicy } = settings;
  const own = `${sandboxPolicy.mode}, approval policy ${approvalPolicy}`;
  const lines = [
    ['Model', `${model}${effort === null ? '' : ` (${effort})`}, ${provider.name}`],
    ['Mode', modeOf(settings) ?? own],
    ['Directory', cwd],
    ['Thread', threadId],
  ];
  return lines.map(([name, value]) => `- **${name}**: ${value}`).join('\n');
}
