/** A crude drawing, made by code, becomes a picture. */
import { bundledModel, Image, makeImageGrid, StableDiffusionImageToImageBlocks } from 'tesserae'

/** Side of the pictures that the bundled model was trained on. */
const SIZE = 64

const WHITE = [255, 255, 255]
const RED = [220, 40, 40]
const BROWN = [110, 70, 30]
const GREEN = [60, 160, 60]

/** A red circle with a stalk and a leaf. */
export function crudeApple(): Image {
  const data = new Uint8Array(SIZE * SIZE * 3)
  for (let y = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++) data.set(colorAt(x, y), 3 * (y * SIZE + x))
  }
  return new Image({ width: SIZE, height: SIZE, channels: 3, data })
}

function colorAt(x: number, y: number): number[] {
  if (Math.hypot(x - 32, y - 38) < 20) return RED
  if (Math.abs(x - 33) < 2 && y > 8 && y < 20) return BROWN
  return Math.hypot((x - 42) / 1.6, y - 14) < 5 ? GREEN : WHITE
}

/** Writes a sheet: the drawing, and what becomes of it with a strength of 0.5, 0.7 and 0.85. */
export async function main(model: string, file: string): Promise<Image> {
  const pipe = new StableDiffusionImageToImageBlocks().initPipeline(model)
  await pipe.loadComponents()
  const image = crudeApple()
  const pictures = [image]
  for (const strength of [0.5, 0.7, 0.85]) {
    const inputs = { prompt: 'red apple', image, strength, guidanceScale: 4, numInferenceSteps: 25 }
    pictures.push(...(await pipe(inputs, { output: 'images', seed: 1 })))
  }
  const sheet = makeImageGrid(pictures, { columns: pictures.length })
  await sheet.save(file)
  pipe.dispose()
  return sheet
}

if (require.main === module)
  main(bundledModel('emoji'), 'image-to-image.png').then(() => console.log('image-to-image.png'))
