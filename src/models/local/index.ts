export { type LocalModelOptions, prepareLocalModel, type SeenServer, seeLocalServer } from './prepare-local-model.ts';
