/** Finds compiled files of the server that run in processes and threads of their own. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** The path of a file of the compiled server: beside this file or, where this is one of the sources, where they are compiled to. */
export function compiledFile(name: string): string {
  const beside = join(__dirname, name)
  return existsSync(beside) ? beside : join(__dirname, '..', 'dist', 'server', name)
}
