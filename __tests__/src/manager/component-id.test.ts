import { componentId, nameInId } from '../../../src/manager/component-id'

test('an id is the name and a number that belongs to the component', () => {
  const [a, b] = [{}, () => undefined]
  const id = componentId('text_encoder_2', a)
  expect(componentId('text_encoder_2', a)).toBe(id)
  expect(id.split('_').at(-1)).toBe(componentId('other', a).split('_').at(-1))
  expect(componentId('text_encoder_2', b)).not.toBe(id)
  expect(nameInId(id)).toBe('text_encoder_2')
})

test('equal texts are one component', () => {
  expect(componentId('word', 'a')).toBe(componentId('word', 'a'))
  expect(componentId('word', 'a')).not.toBe(componentId('word', 'b'))
})
