export { filledPrompt } from './custom-prompt.ts';
export { parsePromptFile } from './prompt-file.ts';
export { type ParsedCommand, parseCommand, SLASH_COMMANDS, type SlashCommand } from './slash-commands.ts';
