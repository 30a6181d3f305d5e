/** `node dist/plain-words/main.js [PLACE…]`: prints what is hard to read, with the place and what to write. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkFile } from './check'
import { PLACES, proseFiles } from './files'

const root = process.cwd()
const given = process.argv.slice(2)
const files = (given.length > 0 ? given : PLACES).flatMap(place => proseFiles(root, place))
const findings = files.flatMap(file => checkFile(file, readFileSync(join(root, file), 'utf8')))
for (const { file, line, message } of findings) process.stdout.write(`${file}:${line}: ${message}\n`)
process.stdout.write(`Read ${files.length} files; ${findings.length} findings.\n`)
if (findings.length > 0) process.exitCode = 1
