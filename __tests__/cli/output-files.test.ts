/** How the files are named that a command writes. */
import { basename } from 'node:path'
import { outputFiles } from '../../cli/output-files'

test('a name is cut between characters', () => {
  const [file = ''] = outputFiles(`a${'𐐷'.repeat(45)}`, [1], {}).pictures
  expect(basename(file)).toBe(`a${'𐐷'.repeat(29)}-1.png`)
})
