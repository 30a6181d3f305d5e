/**
 * `npm run lint:words -- [PLACE…]` prints what is hard to read, with the place and what to write.
 * `npm run lint:words -- --messages` prints the messages of all errors and warnings, to be read in a row.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkFile } from './check'
import { PLACES, proseFiles } from './files'
import { messagesOf } from './messages'
import { readable } from './sentences'

const root = process.cwd()
const given = process.argv.slice(2)
if (given.includes('--messages')) {
  for (const { file, line, kind, text } of messagesOf(root)) {
    process.stdout.write(`${file}:${line} ${kind}: ${readable(text)}\n`)
  }
  process.exit()
}
const files = (given.length > 0 ? given : PLACES).flatMap(place => proseFiles(root, place))
const findings = files.flatMap(file => checkFile(file, readFileSync(join(root, file), 'utf8')))
for (const { file, line, message } of findings) process.stdout.write(`${file}:${line}: ${message}\n`)
process.stdout.write(`Read ${files.length} files; ${findings.length} findings.\n`)
if (findings.length > 0) process.exitCode = 1
