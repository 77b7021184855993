import type { ConfigFile } from './layers/index.ts';
import type { TuiSettings } from './types.ts';

const ALL = ['agent-turn-complete', 'approval-requested'] as const;

/** The `[tui]` table with its defaults. */
export function tuiSettings(tui: ConfigFile['tui'] = {}): TuiSettings {
  const { notifications = true, notification_method: notificationMethod = 'auto', animations = true } = tui;
  return {
    notifications: typeof notifications === 'boolean' ? (notifications ? ALL : []) : notifications,
    notificationMethod,
    animations,
    screenReader: tui.screen_reader ?? false,
    theme: tui.theme ?? 'auto',
  };
}
