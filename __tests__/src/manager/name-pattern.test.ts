import { parseNamePattern } from '../../../src/manager/name-pattern'

const names = ['unet', 'refiner', 'vae', 'text_encoder', 'text_encoder_2', 'unet_refiner']

describe('parseNamePattern()', () => {
  test.each([
    ['unet', ['unet']],
    ['!unet', ['refiner', 'vae', 'text_encoder', 'text_encoder_2', 'unet_refiner']],
    ['unet*', ['unet', 'unet_refiner']],
    ['!unet*', ['refiner', 'vae', 'text_encoder', 'text_encoder_2']],
    ['*unet*', ['unet', 'unet_refiner']],
    ['*enc*', ['text_encoder', 'text_encoder_2']],
    ['*enc', ['text_encoder', 'text_encoder_2']],
    ['!*enc*', ['unet', 'refiner', 'vae', 'unet_refiner']],
    ['refiner|vae|unet', ['unet', 'refiner', 'vae']],
    ['!refiner|vae|unet', ['text_encoder', 'text_encoder_2', 'unet_refiner']],
    ['unet*|vae*', ['unet', 'vae', 'unet_refiner']],
    // A name among wildcards is whole.
    ['vae*|refiner', ['refiner', 'vae']],
    ['*coder*|vae', ['vae', 'text_encoder', 'text_encoder_2']],
    // No name, but a part of some.
    ['enc', ['text_encoder', 'text_encoder_2']],
    ['!enc', ['unet', 'refiner', 'vae', 'unet_refiner']],
    // No part of a name where there are several.
    ['enc|vae', ['vae']],
    ['*', names],
    ['!*', []],
    ['nothing*', []],
  ])('%s', (pattern, expected) => {
    const matches = parseNamePattern(pattern, names)
    expect(names.filter(name => matches?.(name))).toEqual(expected)
  })

  test('finds words inside names, which begin with a capital; whole names as they are', () => {
    const camel = ['unet', 'textEncoder', 'Unet']
    const found = (pattern: string) => camel.filter(name => parseNamePattern(pattern, camel)?.(name))
    for (const pattern of ['*encoder*', '*encoder', 'encoder', 'TextEnc*'])
      expect(found(pattern)).toEqual(['textEncoder'])
    expect(found('unet')).toEqual(['unet'])
    expect(found('Unet|vae')).toEqual(['Unet'])
  })

  test('knows no meaning of a text that is in no name', () => {
    expect(parseNamePattern('nothing', names)).toBeUndefined()
    expect(parseNamePattern('!nothing', names)).toBeUndefined()
  })
})
