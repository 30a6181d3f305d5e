export { noFiles as loadCustomBlocks, noFiles as saveBlocks } from '../no-files'
