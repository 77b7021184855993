import type { ConfigFile } from '../layers/index.ts';
import type { TuiSettings } from '../types.ts';

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
    vim: tui.vim ?? false,
    keymap: Object.fromEntries(
      Object.entries(tui.keymap ?? {}).map(([action, keys]) => [action, typeof keys === 'string' ? [keys] : keys]),
    ),
    statusLine: statusLine(tui.status_line),
  };
}

function statusLine(setting: NonNullable<ConfigFile['tui']>['status_line']): TuiSettings['statusLine'] {
  if (setting === undefined) return null;
  return Array.isArray(setting) ? { type: 'parts', parts: setting } : { type: 'command', command: setting.command };
}
