/** Errors of blocks that come as code of their own. */
export { explainImport } from '../custom-blocks/refused-import'
