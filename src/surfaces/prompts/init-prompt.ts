/** Sent by `/init`. */
export const INIT_PROMPT = `Write a file AGENTS.md in the root of this repository, for agents that work on it. Look at the repository first.
Say in plain words, in 200 to 400 words: how the code is organised; the commands to build, test and lint it, and to run one
test; its style and naming where it differs from what is usual; how its tests are written; how commits and pull requests look,
as the history shows. Write only what you have found to be true.`;
