/** How a new block is named. */
import { InvalidArgumentError } from 'commander'

/** The forms of a block's name. */
export interface BlockName {
  /** Name of the package and its folder, e.g. `my-block`. */
  readonly packageName: string
  /** Name of the class, e.g. `MyBlock`. */
  readonly className: string
  /** Name among the parts of a pipeline, e.g. `myBlock`. */
  readonly fieldName: string
}

/** Names of classes that the template needs for something else. */
const TAKEN = ['Block', 'In', 'InOut', 'Input', 'ModularPipelineBlocks', 'Output', 'StableDiffusionTextToImageBlocks']

/** Reads a name in any spelling: `my-block`, `my block`, `MyBlock`. */
export function parseBlockName(text: string): BlockName {
  const words = text
    .replaceAll(/([a-z\d])([A-Z])/g, '$1 $2')
    .split(/[\s_-]+/)
    .filter(Boolean)
  const className = words.map(word => (word[0] as string).toUpperCase() + word.slice(1)).join('')
  if (!/^[A-Za-z][A-Za-z\d]*$/.test(className)) {
    throw new InvalidArgumentError(
      'A block is named by letters and digits, beginning with a letter, e.g. my-block or MyBlock.',
    )
  }
  if (TAKEN.includes(className) || className in globalThis) {
    throw new InvalidArgumentError(
      `${className} is already the name of something else. Choose another name, e.g. ${className}Step.`,
    )
  }
  const fieldName = `${(className[0] as string).toLowerCase()}${className.slice(1)}`
  return { className, fieldName, packageName: words.join('-').toLowerCase() }
}
