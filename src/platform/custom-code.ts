/** Blocks that come as code of their own: how they are loaded, run and saved. */
export { loadCustomBlocks } from '../custom-blocks/load-blocks'
export { saveBlocks } from '../custom-blocks/save-blocks'
