/** Where this package lies: its models and its package.json are there, whether it was cloned or installed. */
import { join } from 'node:path'

// Compiled files are in dist/cli.
export const packageFolder = join(__dirname, '..', '..')
