/** How the files are named that a command writes. */
import { basename } from 'node:path'
import { outputFiles, requireOtherFile, STANDARD_OUTPUT } from '../../cli/output-files'

test('a name is cut between characters', () => {
  const [file = ''] = outputFiles(`a${'𐐷'.repeat(45)}`, [1], {}).pictures
  expect(basename(file)).toBe(`a${'𐐷'.repeat(29)}-1.png`)
})

test('a trace may have a file named - beside a picture on standard output', () => {
  const files = { pictures: [STANDARD_OUTPUT], grid: undefined }
  expect(() => requireOtherFile('-', files)).not.toThrow()
  expect(() => requireOtherFile('./x.png', outputFiles('', [1], { out: 'x.png' }))).toThrow('Name another file')
})
