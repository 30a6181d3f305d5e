/** How the files are named that a command writes. */
import { basename } from 'node:path'
import { outputFiles, requireOtherFiles, STANDARD_OUTPUT } from '../../cli/output-files'

test('a name is cut between characters', () => {
  const [file = ''] = outputFiles(`a${'𐐷'.repeat(45)}`, [1], {}).pictures
  expect(basename(file)).toBe(`a${'𐐷'.repeat(29)}-1.png`)
})

test('a trace may have a file named - beside a picture on standard output', () => {
  const files = { pictures: [STANDARD_OUTPUT], grid: undefined }
  expect(() => requireOtherFiles({ trace: '-' }, files)).not.toThrow()
  const named = outputFiles('', [1], { out: 'x.png' })
  expect(() => requireOtherFiles({ trace: './x.png' }, named)).toThrow('Name another file for the trace.')
})

test('previews do not replace a picture that is drawn already', () => {
  const several = outputFiles('', [1, 2], { out: 'x.png' })
  for (const preview of ['x-1.png', './x-2.png'])
    expect(() => requireOtherFiles({ preview }, several)).toThrow('Name another file for the previews.')
  // The grid is written last, and so is a single picture.
  expect(() => requireOtherFiles({ preview: 'x.png' }, several)).not.toThrow()
  expect(() => requireOtherFiles({ preview: 'x.png' }, outputFiles('', [1], { out: 'x.png' }))).not.toThrow()
})
