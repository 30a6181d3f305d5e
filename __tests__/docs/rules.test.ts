/** The table of rules in the README of the tests names tests that exist. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = join(__dirname, '..')
const rows = readFileSync(join(folder, 'README.md'), 'utf8')
  .split('\n')
  .filter(line => line.startsWith('| ') && !line.startsWith('| rule'))
  .map(line => line.split(/(?<!\\)\|/).map(cell => cell.trim().replaceAll('\\|', '|')))

/** A file, and names of groups and tests in it. */
interface Named {
  readonly file: string
  readonly names: readonly string[]
}

/** What a cell names: `file › name; name › name; file`. */
function namedIn(cell: string): Named[] {
  const found: Named[] = []
  for (const part of cell.split('; ')) {
    const [, file = found.at(-1)?.file, names = ''] = /^(?:([\w./-]+\.test\.ts)(?: › )?)?(.*)$/.exec(part) ?? []
    // Remarks in brackets are for people; `…` stands where a name continues.
    const plain = names.replace(/ ?\([^()]*\)$/, '').split(' › ')
    found.push({ file: file as string, names: plain.map(name => name.replace(/ ?…$/, '')).filter(Boolean) })
  }
  return found
}

test('each rule names tests that exist', () => {
  expect(rows.length).toBeGreaterThan(80)
  const missing = rows.flatMap(([, rule, cell = '']) => {
    if (cell.startsWith('none')) return []
    return namedIn(cell).flatMap(({ file, names }) => {
      if (file === undefined) return [`${rule}: no file`]
      const text = readFileSync(join(folder, file), 'utf8').replaceAll("\\'", "'")
      return names.filter(name => !text.includes(name)).map(name => `${rule}: ${file} › ${name}`)
    })
  })
  expect(missing).toEqual([])
})
