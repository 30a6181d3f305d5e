import { Image, InvalidWireValueError, inputsFromWire, StableDiffusionAutoBlocks } from '../../../index'

const { inputs: schema } = new StableDiffusionAutoBlocks().jsonSchema({ workflow: 'image2image' })
const grey = new Image({ width: 4, height: 2, channels: 3, data: new Uint8Array(24).fill(128) })

test('the schema of a pipeline says which inputs are pictures', () => {
  const picture = { type: 'string', contentMediaType: 'image/*', contentEncoding: 'base64' }
  expect(schema.properties?.['image']?.anyOf?.[0]).toMatchObject(picture)
  expect(schema.required).toEqual(['prompt', 'image'])
})

test.each([
  ['as base64', ''],
  ['as a data URL', 'data:image/png;base64,'],
])('a picture is read %s', async (_, prefix) => {
  const image = prefix + (await grey.toPng()).toString('base64')
  const { image: read } = await inputsFromWire(schema, { prompt: 'a', image })
  expect(read).toEqual(grey)
  expect(read).toBeInstanceOf(Image)
})

test('a list of pictures is read', async () => {
  const image = (await grey.toPng()).toString('base64')
  expect(await inputsFromWire(schema, { image: [image, image] })).toEqual({ image: [grey, grey] })
})

test.each([
  ['a path', '/etc/passwd'],
  ['an address', 'http://localhost/picture.png'],
  ['nothing', ''],
  ['base64 of no picture', Buffer.from('hello').toString('base64')],
])('%s is refused with its place', async (_, image) => {
  const reading = inputsFromWire(schema, { image: [image] })
  await expect(reading).rejects.toThrow(InvalidWireValueError)
  await expect(reading).rejects.toMatchObject({ place: ['image', 0] })
})

test('what is not a text is refused', async () => {
  await expect(inputsFromWire(schema, { image: [7] })).rejects.toMatchObject({ place: ['image'] })
})

test('a picture with more pixels than the limit is refused before it is decoded', async () => {
  const image = (await grey.toPng()).toString('base64')
  await expect(inputsFromWire(schema, { image }, { maxPixels: 7 })).rejects.toThrow('at most 7')
})
