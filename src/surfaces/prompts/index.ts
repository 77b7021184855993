export { filledPrompt } from './custom-prompt.ts';
export { INIT_PROMPT } from './init-prompt.ts';
export { type CustomPrompt, readPromptFiles } from './prompt-files.ts';
export { argumentHint, promptArguments, promptSummary, typedPrompts } from './server-prompt.ts';
