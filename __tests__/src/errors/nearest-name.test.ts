import { nearestName } from '../../../src/errors/nearest-name'

describe('nearestName', () => {
  test.each([
    ['promt', ['negativePrompt', 'prompt', 'image'], 'prompt'],
    ['guidance_scale', ['guidanceScale', 'scale'], 'guidanceScale'],
    ['hieght', ['width', 'height'], 'height'],
    ['promptEmbeds', ['promptEmbed', 'prompt'], 'promptEmbed'],
    ['PROMPT', ['prompt'], 'prompt'],
    ['steps', ['numInferenceSteps', 'step'], 'step'],
    ['x', ['x1', 'y'], 'x1'],
  ])('of %s among %j is %s', (name, known, nearest) => {
    expect(nearestName(name, known)).toBe(nearest)
  })

  test.each([
    ['x', ['y', 'z']],
    ['seed', ['size']],
    ['image', ['i']],
    ['latents', ['prompt', 'steps']],
    ['prompt', []],
  ])('of %s among %j is none', (name, known) => {
    expect(nearestName(name, known)).toBeUndefined()
  })
})
