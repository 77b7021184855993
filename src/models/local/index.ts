export { prepareLocalModel, seeLocalServer } from './prepare-local-model.ts';
