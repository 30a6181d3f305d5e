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

  test('is looked for in no more than the time of reading', () => {
    const begin = process.cpuUsage()
    expect(isSealedCard('\n<!-- Made by Tesserae from the blocks of the pipeline. '.repeat(100_000))).toBe(false)
    // What tries each beginning against all the rest takes minutes. Other processes do not count.
    expect(process.cpuUsage(begin).user).toBeLessThan(5_000_000)
  })
})
