import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AdaptiveProjectedGuidance } from '../../../components/guiders/adaptive-projected-guidance'
import { guiderNames, makeGuider } from '../../../components/guiders/guider-names'
import { UnknownGuiderError } from '../../../components/guiders/unknown-guider-error'

test.each(Object.entries(guiderNames))('%s names a guider that can be made', (name, { guiderClass }) => {
  expect(makeGuider(name)).toBeInstanceOf(guiderClass)
})

test('a short name stands for settings, which may be changed; a class name for its defaults', () => {
  const short = makeGuider('APG', { eta: 0.5 })
  expect(short.config).toMatchObject({ adaptiveProjectedGuidanceMomentum: -0.5, eta: 0.5 })
  expect(makeGuider('AdaptiveProjectedGuidance').config).toEqual(new AdaptiveProjectedGuidance().config)
})

test('capitals, spaces and hyphens do not count', () => {
  expect(makeGuider('CFG Zero-Star').constructor.name).toBe('ClassifierFreeZeroStarGuidance')
})

test('an unknown name is refused with all that there are, and the nearest', () => {
  expect(() => makeGuider('slq')).toThrow(UnknownGuiderError)
  expect(() => makeGuider('slq')).toThrow(/Did you mean "slg"\? Known: "cfg"/)
})

test('the docs describe every name', () => {
  const page = readFileSync(join(__dirname, '..', '..', '..', 'docs', 'guides', 'guiders.md'), 'utf8')
  const bare = (name: string) => name.replace(/_(karras|exponential|beta)$/, '')
  expect(Object.keys(guiderNames).filter(name => !page.includes(`\`${bare(name)}\``))).toEqual([])
})

test('what is not a name at all is refused in the same way', () => {
  expect(() => makeGuider(undefined as unknown as string)).toThrow(UnknownGuiderError)
})
