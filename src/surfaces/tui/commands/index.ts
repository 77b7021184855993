export { type ParsedCommand, parseCommand, SLASH_COMMANDS, type SlashCommand } from './slash-commands.ts';
