import { isSealedCard, sealCard } from '../../../src/storage/generated-card'

describe('the seal of a card', () => {
  test('tells a card that was made here from one that was changed', () => {
    const card = sealCard(`# Title\n\n${'words '.repeat(2000)}`)
    expect(isSealedCard(card)).toBe(true)
    expect(isSealedCard(card.replaceAll('\n', '\r\n'))).toBe(true)
    expect(isSealedCard(card.replace('Title', 'Other'))).toBe(false)
    expect(isSealedCard(`${card}\nmore`)).toBe(false)
    expect(isSealedCard(sealCard(''))).toBe(true)
  })

  test('is looked for at the end of a card alone', () => {
    // What tries each beginning against all the rest takes minutes.
    const search = jest.spyOn(RegExp.prototype, 'exec')
    expect(isSealedCard('\n<!-- Made by Tesserae from the blocks of the pipeline. '.repeat(100_000))).toBe(false)
    expect(search.mock.calls.map(([text]) => text.length)).toEqual([1000])
  })
})
